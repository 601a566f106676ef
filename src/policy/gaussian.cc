#include "policy/gaussian.h"

#include <algorithm>
#include <cmath>

#include "math/gaussian_lanes.h"

namespace softac {

GaussianShape gaussian_shape(int act_dim, const SacConfig& config) {
  return {act_dim,
          num_panels(act_dim),
          num_panels(2 * act_dim),
          config.policy == PolicyKind::squashed_gaussian,
          config.log_std_rule == LogStdRule::tanh,
          config.log_std_min,
          config.log_std_max};
}

template <class T>
WeightedActions<T> make_gaussian_samples(Arena& arena, int rows, int num_actions, int head_columns,
                                         const GaussianShape& shape) {
  WeightedActions<T> out;
  out.rows = rows;
  out.num_actions = num_actions;
  out.width = shape.act_panels * kLanes;
  const auto pairs = static_cast<std::size_t>(rows) * num_actions;
  const auto width = static_cast<std::size_t>(out.width), values = pairs * width;
  out.head = arena.panels<T>(rows, head_columns);
  // fill_normal writes whole pieces of 64, and the last row is read a whole lane row far.
  out.eps = arena.take<T>(pairs * shape.act_dim + 64 + width);
  for (T** array : {&out.action, &out.u, &out.sigma}) *array = arena.take<T>(values);
  out.log_pi = arena.take<T>(pairs);
  out.weight = arena.take<T>(pairs);
  out.mean_log_pi = num_actions == 1 ? out.log_pi : arena.take<T>(rows);
  if (num_actions == 1) std::fill_n(out.weight, pairs, T(1));
  return out;
}

template <class T>
void draw_gaussian_noise(const WeightedActions<T>& samples, int row, int act_dim, Rng* noise) {
  for (int d = 0; d < act_dim; ++d) {
    const T eps = noise ? static_cast<T>(noise->normal()) : T(0);
    for (int k = 0; k < samples.num_actions; ++k)
      samples.eps[static_cast<std::ptrdiff_t>(samples.at(row, k)) * act_dim + d] = eps;
  }
}

template <class T>
void take_action(const WeightedActions<T>& samples, int row, int k, int act_dim, T* action, bool& finite) {
  const T* from = samples.action_row(row, k);
  for (int d = 0; d < act_dim; ++d) {
    action[d] = from[d];
    finite = finite && std::isfinite(from[d]);
  }
}

template <class T>
std::vector<HeadPart> GaussianPolicy<T>::head_parts() const {
  return {{"mu", shape_.act_dim}, {"log_std", shape_.act_dim}};
}

template <class T>
WeightedActions<T> GaussianPolicy<T>::make_samples(Arena& arena, int rows) const {
  return make_gaussian_samples<T>(arena, rows, 1, head_columns(), shape_);
}

template <class T>
void GaussianPolicy<T>::sample(const KernelTable<T>& k, const WeightedActions<T>& samples, int first, int count) const {
  const auto head = samples.head.rows_from(first, count);
  const std::ptrdiff_t at = std::ptrdiff_t{first} * samples.width;
  k.gaussian_forward({shape_, head.data, head.panel_stride, samples.eps + std::ptrdiff_t{first} * shape_.act_dim,
                      samples.action + at, samples.u + at, samples.sigma + at, samples.log_pi + first},
                     0, count);
}

// d_action is −1/B · ∂v/∂a, and log π has the factor α/B.
template <class T>
void GaussianPolicy<T>::backward(const KernelTable<T>& k, const WeightedActions<T>& samples, const ActorLoss<T>& loss,
                                 int first, int count, Panels<T> d_head) const {
  const auto head = samples.head.rows_from(first, count), d_rows = d_head.rows_from(first, count);
  const std::ptrdiff_t at = std::ptrdiff_t{first} * samples.width;
  const T d_log_pi = loss.alpha / static_cast<T>(loss.batch_size);
  k.gaussian_backward(
      {shape_, head.data, head.panel_stride, samples.eps + std::ptrdiff_t{first} * shape_.act_dim, samples.u + at,
       samples.sigma + at, loss.d_action + at, d_log_pi, d_rows.data, d_rows.panel_stride},
      0, count);
}

template <class T>
void GaussianPolicy<T>::draw_noise(const WeightedActions<T>& samples, int row, Rng* noise) const {
  draw_gaussian_noise(samples, row, shape_.act_dim, noise);
}

template <class T>
int GaussianPolicy<T>::choose(const WeightedActions<T>& samples, int row, Rng*, T* action, bool& finite) const {
  take_action(samples, row, 0, shape_.act_dim, action, finite);
  return 0;
}

template <class T>
PolicyParameters GaussianPolicy<T>::parameters(const WeightedActions<T>& samples, int row) const {
  using Real = elementary::Scalar<T>;
  const GaussianConstants<Real> constants(shape_);
  PolicyParameters out{{0.0}, {}, {}, {}};
  for (int d = 0; d < shape_.act_dim; ++d) {
    out.mu.push_back(static_cast<double>(samples.head.at(row, d)));
    const Real raw(samples.head.at(row, shape_.act_dim + d));
    out.log_std.push_back(static_cast<double>(bounded_log_sigma(constants, raw).v));
  }
  return out;
}

int describe_sigma(PolicyGraph& graph, const GaussianShape& shape, int raw) {
  const GaussianConstants<elementary::Scalar<float>> constants(shape);
  const float low = constants.low.v;
  const int log_sigma = shape.tanh_rule ? graph.add(TanhMapStep{low, constants.half_range.v}, {raw})
                                        : graph.add(ClampStep{low, constants.high.v}, {raw});
  return graph.add(ExpStep{}, {log_sigma});
}

int describe_squash(PolicyGraph& graph, const GaussianShape& shape, int u) {
  return shape.squash ? graph.add(ActivateStep{Activation::tanh}, {u}) : u;
}

std::string gaussian_name(const GaussianShape& shape) {
  return shape.squash ? "squashed Gaussian" : "Gaussian";
}

// u = fma(σ, ε, μ); without noise u = μ.
template <class T>
ActingValues GaussianPolicy<T>::describe_with(PolicyGraph& graph, const std::vector<int>& parts, int eps,
                                              const std::string& kind) const {
  const int u = graph.add(MultiplyAddStep{}, {describe_sigma(graph, shape_, parts[1]), eps, parts[0]});
  return {kind, describe_squash(graph, shape_, parts[0]), describe_squash(graph, shape_, u)};
}

template <class T>
ActingValues GaussianPolicy<T>::describe(PolicyGraph& graph, const std::vector<int>& parts) const {
  return describe_with(graph, parts, graph.add(NoiseStep{shape_.act_dim}), gaussian_name(shape_));
}

#define SOFTAC_INSTANTIATE(T)                                                                     \
  template WeightedActions<T> make_gaussian_samples(Arena&, int, int, int, const GaussianShape&); \
  template void draw_gaussian_noise(const WeightedActions<T>&, int, int, Rng*);                   \
  template void take_action(const WeightedActions<T>&, int, int, int, T*, bool&);                 \
  template class GaussianPolicy<T>;
SOFTAC_INSTANTIATE(float)
SOFTAC_INSTANTIATE(double)
#undef SOFTAC_INSTANTIATE

}  // namespace softac
