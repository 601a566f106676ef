#include "agent/critic_reader.h"

#include "base/discrete_action.h"

namespace softac {

template <class T>
CriticReader<T>::CriticReader(LearnerState<T>& state, const CriticObjective<T>& objective, Backend<T>& backend,
                              int obs_dim, int act_dim, int num_actions)
    : state_(state),
      objective_(objective),
      backend_(backend),
      obs_dim_(obs_dim),
      act_dim_(act_dim),
      num_actions_(num_actions),
      x_(arena_.template panels<T>(kRows, state.critic_nets[0].shape().in)),
      tape_(state.critic_nets[0].make_tape(arena_, kRows)) {
  for (const Network<T>& net : state.critic_nets) out_.push_back(make_outputs<T>(arena_, kRows, net.shape().out));
}

template <class T>
void CriticReader<T>::pass(std::span<const T> obs, std::span<const T> actions, int count, bool target) {
  auto& norm = state_.obs_norm;
  if (norm) norm->refresh();
  for (int r = 0; r < count; ++r) {
    for (int c = 0; c < obs_dim_; ++c) {
      const T value = obs[r * obs_dim_ + c];
      x_.at(r, c) = norm ? norm->apply(c, value) : value;
    }
    for (int d = 0; num_actions_ == 0 && d < act_dim_; ++d) x_.at(r, obs_dim_ + d) = actions[r * act_dim_ + d];
  }
  const NetworkValues<T> values = state_.critic_values(target);
  for (std::size_t i = 0; i < out_.size(); ++i)
    state_.critic_nets[i].forward(backend_.kernels(), values, x_.rows_from(0, count), tape_, 0,
                                  out_[i].rows_from(0, count));
}

template <class T>
template <class Visit>
void CriticReader<T>::each(std::span<const T> obs, std::span<const T> actions, int rows, bool target, Visit visit) {
  for (int first = 0; first < rows; first += kRows) {
    const int count = std::min(kRows, rows - first);
    const auto action = actions.subspan(first * act_dim_, count * act_dim_);
    pass(obs.subspan(first * obs_dim_, count * obs_dim_), action, count, target);
    for (int r = 0; r < count; ++r) {
      const int column = num_actions_ == 0 ? 0
                                           : decode_discrete_action(static_cast<double>(action[r]), num_actions_) *
                                                 objective_.num_outputs();
      visit(first + r, CriticValues<T>{out_, r, column});
    }
  }
}

template <class T>
T CriticReader<T>::value(const CriticValues<T>& values) {
  T out;
  int carrier;
  objective_.actor_value(values, 0, 1, &out, &carrier);
  return out;
}

template <class T>
void CriticReader<T>::all(std::span<const T> obs, std::span<const T> actions, int rows, bool target, std::span<T> all) {
  each(obs, actions, rows, target, [&](int row, CriticValues<T> values) {
    for (std::size_t i = 0; i < out_.size(); ++i) {
      values.critics = std::span(out_).subspan(i, 1);
      all[i * rows + row] = value(values);
    }
  });
}

template <class T>
void CriticReader<T>::combined(std::span<const T> obs, std::span<const T> actions, int rows, bool target,
                               std::span<T> one) {
  each(obs, actions, rows, target, [&](int row, const CriticValues<T>& values) { one[row] = value(values); });
}

template class CriticReader<float>;
template class CriticReader<double>;

}  // namespace softac
