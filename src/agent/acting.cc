#include "agent/acting.h"

namespace softac {
namespace {
constexpr int kActRows = 32;  // rows that act on one thread
}

template <class T>
Acting<T>::Acting(LearnerState<T>& state, const CriticObjective<T>& objective, Backend<T>& backend, int obs_dim,
                  int act_dim)
    : state_(state), objective_(objective), backend_(backend), obs_dim_(obs_dim), act_dim_(act_dim) {}

template <class T>
void Acting<T>::grow(int rows) {
  if (buffers_ && buffers_->rows >= rows) return;
  buffers_ = std::make_unique<Buffers>();
  Buffers& b = *buffers_;
  b.rows = rows;
  b.x = b.arena.template panels<T>(rows, obs_dim_);
  b.samples = state_.policy->make_samples(b.arena, rows);
  for (const Network<T>& net : state_.actor_nets) b.tapes.push_back(net.make_tape(b.arena, rows));
  if (!state_.actor_nets.empty()) return;
  for (const Network<T>& net : state_.critic_nets) {
    b.tapes.push_back(net.make_tape(b.arena, rows));
    b.critics.push_back(make_outputs<T>(b.arena, rows, net.shape().out));
  }
  b.value.resize(rows);
  b.carrier.resize(b.value.size());
}

template <class T>
void Acting<T>::sample(std::span<const T> obs, int rows, RowNoise noise, T alpha) {
  grow(rows);
  Buffers& b = *buffers_;
  if (state_.obs_norm) state_.obs_norm->refresh();
  for (int r = 0; r < rows; ++r) {
    const T* from = obs.data() + std::ptrdiff_t{r} * obs_dim_;
    for (int c = 0; c < obs_dim_; ++c) b.x.at(r, c) = state_.obs_norm ? state_.obs_norm->apply(c, from[c]) : from[c];
    state_.policy->draw_noise(b.samples, r, noise.at(r));
  }
  const std::int64_t cost =
      state_.actor_nets.empty() ? state_.critic_nets[0].cost_per_row() : state_.actor_nets[0].cost_per_row();
  backend_.for_blocks(rows, kActRows, cost, [&](int, int first, int count) {
    const auto x = b.x.rows_from(first, count);
    if (state_.actor_nets.empty()) {
      head_from_critics(first, count, alpha);
    } else {
      state_.actor_nets[0].forward(backend_.kernels(), state_.actor_values(), x, b.tapes[0], first,
                                   as_outputs(b.samples.head.rows_from(first, count)));
    }
    state_.policy->sample(backend_.kernels(), b.samples, first, count);
  });
}

// E3: the logits v(s, a)/α.
template <class T>
void Acting<T>::head_from_critics(int first, int count, T alpha) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < b.critics.size(); ++i)
    state_.critic_nets[i].forward(backend_.kernels(), state_.critic_values(), b.x.rows_from(first, count), b.tapes[i],
                                  first, b.critics[i].rows_from(first, count));
  for (int a = 0; a < b.samples.num_actions; ++a) {
    objective_.actor_value({b.critics, 0, a * objective_.num_outputs()}, first, count, b.value.data(),
                           b.carrier.data());
    for (int r = first; r < first + count; ++r) b.samples.head.at(r, a) = b.value[r] / alpha;
  }
}

template <class T>
bool Acting<T>::choose(int rows, RowNoise noise, std::span<T> actions, int* chosen) {
  bool finite = true;
  for (int r = 0; r < rows; ++r) {
    const int k = state_.policy->choose(buffers_->samples, r, noise.at(r), &actions[r * act_dim_], finite);
    if (chosen) chosen[r] = k;
  }
  return finite;
}

template class Acting<float>;
template class Acting<double>;

}  // namespace softac
