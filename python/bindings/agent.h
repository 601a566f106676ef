// softac.Agent: softac::Learner with NumPy arrays, one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "arrays.h"
#include "lock.h"
#include "softac/learner.h"

namespace softac::python {

class Agent {
 public:
  Agent(Learner learner, int num_threads);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  nb::object act(const Floats& obs, bool deterministic, const std::optional<FloatsOut>& out,
                 const std::optional<Flags>& mask);
  nb::object random_action(const std::optional<FloatsOut>& out, const std::optional<Flags>& mask);
  nb::object predict(const Floats& obs, bool deterministic, const std::optional<FloatsOut>& out);
  void observe(const Floats& obs, const Floats& action, nb::handle reward, const Floats& next_obs,
               nb::handle terminated, nb::handle truncated, const std::optional<Flags>& mask);
  nb::dict update(int count);
  nb::object q_values(const Floats& obs, const Floats& action, bool target);
  nb::object log_prob(const Floats& obs, const Floats& action);
  nb::object action_probabilities(const Floats& obs);
  nb::dict diagnostics(std::optional<std::int64_t> number);

  nb::dict model_state() { return state(learner_->agent().model_tensors()); }
  nb::dict optimizer_state() { return state(learner_->agent().optimizer_tensors()); }
  void load_model_state(const nb::dict& values, bool strict) {
    load_state(learner_->agent().model_tensors(), values, strict);
  }
  void load_optimizer_state(const nb::dict& values, bool strict) {
    load_state(learner_->agent().optimizer_tensors(), values, strict);
  }

  Learner& learner() { return *learner_; }
  Busy& busy() { return busy_; }

  std::int64_t obs_dim() const { return obs_dim_; }
  std::int64_t act_dim() const { return act_dim_; }
  std::int64_t num_envs() const { return num_envs_; }

 private:
  nb::dict state(const std::vector<TensorRef>& tensors);
  void load_state(const std::vector<TensorRef>& tensors, const nb::dict& values, bool strict);
  std::vector<std::int64_t> rows_shape(const char* name, const Floats& array, std::int64_t columns) const;
  std::vector<std::int64_t> pairs_shape(const Floats& obs, const Floats& action) const;
  void require_discrete(const Floats& action) const;
  std::vector<std::int64_t> like_envs(bool one, std::int64_t columns) const;

  std::unique_ptr<Learner> learner_;
  Busy busy_;
  bool has_threads_;
  std::int64_t obs_dim_, act_dim_, num_envs_;
  std::vector<float> reward_;                         // (N)
  std::vector<std::uint8_t> terminated_, truncated_;  // (N)
};

// Calls of the learner that take no arrays, under the lock and without the interpreter's.
template <class Call>
auto locked(Agent& agent, Call&& call) {
  const Busy::Guard guard(agent.busy());
  const nb::gil_scoped_release release;
  return call(agent.learner());
}

}  // namespace softac::python
