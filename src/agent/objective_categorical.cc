#include "agent/objective_categorical.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/reduce.h"
#include "math/lane_tree.h"

namespace softac {

// One row's values, one for each atom, in whole panels.
template <class T>
struct AtomRow {
  alignas(64) T at[kMaxAtoms];
};
static_assert(kMaxAtoms % kLanes == 0);

namespace {

// Lanes of f(k) over k = 0 … n−1, then the tree.
template <class T, class F>
T lanes_of(int n, F f) {
  T lanes[kLanes] = {};
  for (int k = 0; k < n; k += kLanes) {
    for (int l = 0; l < kLanes; ++l) lanes[l] = lanes[l] + f(k + l);
  }
  return lane_tree(lanes);
}

}  // namespace

template <class T>
CategoricalObjective<T>::CategoricalObjective(const SacConfig& config, const KernelTable<T>& kernels)
    : kernels_(kernels),
      atoms_(config.n_atoms),
      width_(num_panels(config.n_atoms) * kLanes),
      num_targets_(num_target_critics(config)),
      copies_(target_reduce(config) == TargetReduce::own ? config.n_critics : 1),
      actor_mean_(actor_reduce(config) == ActorReduce::mean),
      support_(static_cast<std::size_t>(width_)),
      low_(static_cast<T>(config.v_min)),
      high_(static_cast<T>(config.v_max)),
      step_(static_cast<T>((config.v_max - config.v_min) / (config.n_atoms - 1))),
      reward_scale_(static_cast<T>(config.reward_scale)),
      batch_size_(static_cast<T>(config.batch_size)) {
  const double range = config.v_max - config.v_min;
  for (int k = 0; k < atoms_; ++k) support_[k] = static_cast<T>(config.v_min + range * k / (atoms_ - 1));
}

// p (width): the softmax of the atoms' logits, which begin at a column of a row.
template <class T>
typename CategoricalObjective<T>::Softmax CategoricalObjective<T>::softmax(Outputs<const T> logits, int row, int column,
                                                                           T* p) const {
  SoftmaxMean<T> g{&logits.at(row, column), logits.panel_stride, atoms_, support_.data(), p, nullptr, nullptr};
  AtomRow<T> gathered;
  if (column % kLanes != 0) {  // of a discrete action, in the middle of a panel
    for (int k = 0; k < width_; ++k) gathered.at[k] = k < atoms_ ? logits.at(row, column + k) : T(0);
    g.x = gathered.at;
    g.x_stride = kLanes;
  }
  Softmax out;
  g.mean = &out.mean;
  g.log_sum = &out.log_sum;
  kernels_.softmax_mean(g, 0, 1);
  return out;
}

// m += weight · the projection of p with its atoms at t_k = r + discount · (z_k − α log π), clipped to the support:
// each atom's probability goes to the two neighbours of t_k, the more the nearer.
template <class T>
void CategoricalObjective<T>::project(const T* p, T reward, T discount, T entropy, T weight, T* m) const {
  for (int k = 0; k < atoms_; ++k) {
    T t = std::fma(discount, support_[k] - entropy, reward);
    t = t < low_ ? low_ : t;
    t = high_ < t ? high_ : t;
    const T place = (t - low_) / step_;
    const int l = place >= T(0) ? std::min(static_cast<int>(place), atoms_ - 1) : 0;  // NaN: 0, and m is NaN too
    const T mass = weight * p[k], above = place - static_cast<T>(l);
    m[l] = m[l] + mass * (T(1) - above);
    T& next = m[std::min(l + 1, atoms_ - 1)];
    next = next + mass * above;
  }
}

// The distribution of the critic with the smallest Q in a row, in one of two buffers; ties go to the first.
template <class T>
const T* CategoricalObjective<T>::smallest(const CriticValues<T>& q, int row, T* one, T* other) const {
  T least = softmax(q.critics[0], q.first_row + row, q.first_column, one).mean;
  for (int i = 1; i < q.num_critics(); ++i) {
    const T value = softmax(q.critics[i], q.first_row + row, q.first_column, other).mean;
    if (least <= value) continue;
    least = value;
    std::swap(one, other);
  }
  return one;
}

// y = m. With several next actions the mixture of their projections by the actions' weights.
template <class T>
void CategoricalObjective<T>::target(const NextValues<T>& next, const BatchView<T>& batch, T alpha, int first,
                                     int count, Outputs<T> y, T* mean) const {
  const int actions = next.num_actions();
  const T draws = static_cast<T>(next.num_draws);
  AtomRow<T> one, other, m;
  for (int b = first; b < first + count; ++b) {
    mean[b] = T(0);
    for (int i = 0; i < copies_; ++i) {
      std::fill_n(m.at, width_, T(0));
      for (int a = 0; a < actions; ++a) {
        const CriticValues<T> q = next.values(a);
        const T* p = one.at;
        if (copies_ == 1) {
          p = smallest(q, b, one.at, other.at);
        } else {
          softmax(q.critics[i], q.first_row + b, q.first_column, one.at);
        }
        project(p, reward_scale_ * batch.reward[b], batch.discount[b], alpha * next.log_pi(a, b),
                next.weight(a, b) / draws, m.at);
      }
      for (int k = 0; k < width_; k += kLanes) std::copy_n(m.at + k, kLanes, &y.at(b, i * width_ + k));
      mean[b] = mean[b] + lanes_of<T>(width_, [&](int k) { return m.at[k] * support_[k]; });
    }
    mean[b] = mean[b] / static_cast<T>(copies_);
  }
}

// J = −mean Σ_k m_k log p_k,  ∂J/∂logit_k = (p_k − m_k)/B
template <class T>
void CategoricalObjective<T>::loss(int critic, Outputs<const T> q, const int* column, Outputs<const T> y, int first,
                                   int count, T* terms, Outputs<T> d_q, T* value) const {
  const int first_column = copies_ == 1 ? 0 : critic * width_;
  AtomRow<T> p, m, logits;
  std::fill_n(logits.at, width_, T(0));
  for (int b = first; b < first + count; ++b) {
    const Softmax row = softmax(q, b, column[b], p.at);
    value[b] = row.mean;
    for (int k = 0; k < width_; k += kLanes) std::copy_n(&y.at(b, first_column + k), kLanes, m.at + k);
    for (int k = 0; k < atoms_; ++k) logits.at[k] = q.at(b, column[b] + k);
    terms[b] = lanes_of<T>(width_, [&](int k) { return m.at[k] * (row.log_sum - logits.at[k]); });
    for (int k = 0; k < width_; ++k) p.at[k] = (p.at[k] - m.at[k]) / batch_size_;
    for (int k = 0; k < atoms_; ++k) d_q.at(b, column[b] + k) = p.at[k];
  }
}

// v = min_i Q_i(s, a), ties go to the first; or the mean.
template <class T>
void CategoricalObjective<T>::actor_value(const CriticValues<T>& q, int first, int count, T* value,
                                          int* carrier) const {
  AtomRow<T> p;
  for (int b = first; b < first + count; ++b) {
    for (int i = 0; i < q.num_critics(); ++i) {
      const T mean = softmax(q.critics[i], q.first_row + b, q.first_column, p.at).mean;
      if (actor_mean_) {
        value[b] = i == 0 ? mean : value[b] + mean;
        carrier[b] = -1;
      } else if (i == 0 || !(value[b] <= mean)) {
        value[b] = mean;
        carrier[b] = i;
      }
    }
    if (actor_mean_) value[b] = value[b] / static_cast<T>(q.num_critics());
  }
}

// ∂Q/∂logit_k = p_k (z_k − Q), of a mean its share
template <class T>
void CategoricalObjective<T>::actor_gradient(int num_critics, T scale, Outputs<const T> q, const int* order,
                                             Outputs<T> d_q) const {
  const T share = actor_mean_ ? scale / static_cast<T>(num_critics) : scale;
  AtomRow<T> p;
  for (int r = 0; r < d_q.rows; ++r) {
    const T mean = softmax(q, order[r], 0, p.at).mean;
    for (int k = 0; k < atoms_; ++k) d_q.at(r, k) = share * (p.at[k] * (support_[k] - mean));
  }
}

template class CategoricalObjective<float>;
template class CategoricalObjective<double>;

}  // namespace softac
