#include "train_values.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cinttypes>
#include <cstdio>

#include "arrays.h"
#include "bindings.h"

namespace nb = nanobind;

namespace softac::python {
namespace {

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

void bind_update_metrics(nb::module_& m) {
  nb::class_<UpdateMetrics>(m, "UpdateMetrics",
                            "One update of the learner. Losses as Stable-Baselines3 logs them; what belongs to an "
                            "actor step is of the last update that had one.")
      .def_ro("critic_loss", &UpdateMetrics::critic_loss)
      .def_ro("value_loss", &UpdateMetrics::value_loss)
      .def_ro("actor_loss", &UpdateMetrics::actor_loss)
      .def_ro("ent_coef", &UpdateMetrics::ent_coef)
      .def_ro("ent_coef_loss", &UpdateMetrics::ent_coef_loss)
      .def_ro("entropy", &UpdateMetrics::entropy)
      .def_ro("q_mean", &UpdateMetrics::q_mean)
      .def_ro("target_mean", &UpdateMetrics::target_mean)
      .def_ro("learning_rate", &UpdateMetrics::learning_rate)
      .def_ro("actor_grad_norm", &UpdateMetrics::actor_grad_norm)
      .def_ro("critic_grad_norm", &UpdateMetrics::critic_grad_norm)
      .def_ro("actor_step", &UpdateMetrics::actor_step);
}

void bind_eval_stats(nb::module_& m) {
  nb::class_<EvalStats>(m, "EvalStats", "Undiscounted returns of whole episodes under a policy that does not change.")
      .def_ro("step", &EvalStats::step, "Environment steps of training behind the policy.")
      .def_prop_ro(
          "returns",
          [](nb::object self) {
            const auto& values = nb::cast<const EvalStats&>(self).returns;
            return view<1>(values, {values.size()}, self);
          },
          "(episodes)")
      .def_prop_ro(
          "lengths",
          [](nb::object self) {
            const auto& values = nb::cast<const EvalStats&>(self).lengths;
            return view<1>(values, {values.size()}, self);
          },
          "(episodes) in environment steps.")
      .def_ro("mean_return", &EvalStats::mean_return)
      .def_ro("std_return", &EvalStats::std_return, "Population standard deviation.")
      .def_ro("mean_length", &EvalStats::mean_length)
      .def_ro("max_episode_steps", &EvalStats::max_episode_steps, "Where the evaluation ends an episode.")
      .def_ro("num_cut_off", &EvalStats::num_cut_off, "Episodes that ended there, where the task has no such limit.")
      .def_ro("env_id", &EvalStats::env_id)
      .def_ro("model_path", &EvalStats::model_path, "File that the policy was read from; empty during training.")
      .def_ro("training_seed", &EvalStats::training_seed, "Seed of the run; 0 during training.")
      .def_ro("warnings", &EvalStats::warnings)
      .def("__repr__", [](const EvalStats& s) {
        return "EvalStats(" + s.env_id + " at step " + std::to_string(s.step) + ": return " + number(s.mean_return) +
               " ± " + number(s.std_return) + ", length " + number(s.mean_length) + ", " +
               std::to_string(s.returns.size()) + " episodes)";
      });
}

void bind_summary(nb::module_& m) {
  nb::class_<Summary>(m, "TrainSummary", "Where a training run stands.")
      .def_prop_ro(
          "step", [](const Summary& s) { return s.values.step; }, "Environment steps so far.")
      .def_prop_ro("total_timesteps", [](const Summary& s) { return s.values.total_timesteps; })
      .def_prop_ro("num_updates", [](const Summary& s) { return s.values.num_updates; })
      .def_prop_ro(
          "num_episodes", [](const Summary& s) { return s.values.num_episodes; }, "Ended so far.")
      .def_prop_ro(
          "elapsed_sec", [](const Summary& s) { return s.values.elapsed_sec; },
          "Time in training, that of earlier processes included.")
      .def_prop_ro(
          "steps_per_sec", [](const Summary& s) { return s.values.steps_per_sec; }, "Mean of this process.")
      .def_prop_ro(
          "recent_steps_per_sec", [](const Summary& s) { return s.values.recent_steps_per_sec; },
          "Over the last half minute; NaN while not known.")
      .def_prop_ro(
          "left_sec", [](const Summary& s) { return s.values.left_sec; }, "At that pace; NaN while not known.")
      .def_prop_ro(
          "ep_return_mean", [](const Summary& s) { return s.values.ep_return_mean; },
          "Last 100 episodes; NaN before the first has ended.")
      .def_prop_ro("ep_length_mean", [](const Summary& s) { return s.values.ep_length_mean; })
      .def_prop_ro("last_ep_return", [](const Summary& s) { return s.values.last_ep_return; })
      .def_prop_ro(
          "update", [](const Summary& s) { return s.values.update; }, "The last update; zeros before the first.")
      .def_prop_ro(
          "last_eval", [](const Summary& s) { return s.last_eval == nullptr ? nb::none() : nb::cast(*s.last_eval); },
          nb::sig("def last_eval(self) -> EvalStats | None"), "The last evaluation; None before the first.")
      .def_prop_ro(
          "best_eval_return", [](const Summary& s) { return s.values.best_eval_return; },
          "NaN before the first evaluation.")
      .def("__repr__", [](const Summary& s) {
        return "TrainSummary(step " + std::to_string(s.values.step) + " of " +
               std::to_string(s.values.total_timesteps) + ", return " + number(s.values.ep_return_mean) + ")";
      });
}

void bind_report(nb::module_& m) {
  nb::class_<Report>(m, "TrainReport", "How a training run ended.")
      .def_prop_ro(
          "reason", [](const Report& r) { return std::string(stop_reason_name(r.values.reason)); },
          "finished, stopped (by a callback), time, env_error, numerics, disk or io.")
      .def_prop_ro(
          "message", [](const Report& r) { return r.values.message; }, "Names the step and the cause of a failure.")
      .def_prop_ro("step", [](const Report& r) { return r.values.step; })
      .def_prop_ro("num_updates", [](const Report& r) { return r.values.num_updates; })
      .def_prop_ro("num_episodes", [](const Report& r) { return r.values.num_episodes; })
      .def_prop_ro(
          "run_dir", [](const Report& r) { return r.values.run_dir; }, "Empty without records.")
      .def_prop_ro(
          "checkpoint", [](const Report& r) { return r.values.checkpoint; },
          "The last complete one; empty if there is none.")
      .def_prop_ro("state_hash", &Report::state_hash,
                   "Of everything that changes in training, 16 hexadecimal digits; empty after a failure.")
      .def_prop_ro("elapsed_sec", [](const Report& r) { return r.values.elapsed_sec; })
      .def_prop_ro(
          "ep_return_mean", [](const Report& r) { return r.values.ep_return_mean; },
          "Last 100 episodes; NaN if none has ended.")
      .def_prop_ro(
          "best_eval_return", [](const Report& r) { return r.values.best_eval_return; },
          "NaN if there was no evaluation.")
      .def("__repr__", [](const Report& r) {
        return "TrainReport(" + std::string(stop_reason_name(r.values.reason)) + " at step " +
               std::to_string(r.values.step) + ": return " + number(r.values.ep_return_mean) + ", best evaluation " +
               number(r.values.best_eval_return) + ", run_dir '" + r.values.run_dir + "')";
      });
}

}  // namespace

std::string Report::state_hash() const {
  if (values.state_hash == 0) return "";
  char text[20];
  std::snprintf(text, sizeof text, "%016" PRIx64, values.state_hash);
  return text;
}

void bind_train_values(nb::module_& m) {
  bind_update_metrics(m);
  bind_eval_stats(m);
  bind_summary(m);
  bind_report(m);
}

}  // namespace softac::python
