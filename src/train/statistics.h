// What a run has seen: episodes, updates, evaluations.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "run/episode_window.h"
#include "run/run_state.h"
#include "run/update_means.h"
#include "softac/evaluation.h"
#include "softac/train_summary.h"

namespace softac {

class Statistics {
 public:
  void add_episode(double episode_return, std::int64_t length) { episodes_.add(episode_return, length); }
  void add_update(const UpdateMetrics& metrics) {
    update_means_.add(metrics);
    last_update_ = with_last_actor_step(metrics, last_update_);
  }
  // Returns whether it is the best so far.
  bool add_evaluation(EvalStats stats);

  const EpisodeWindow& episodes() const { return episodes_; }
  const EvalStats& last_evaluation() const { return *last_eval_; }  // there was one
  bool has_best() const { return !std::isnan(best_eval_return_); }
  double best_eval_return() const { return best_eval_return_; }  // NaN before the first evaluation
  UpdateRow take_row() { return update_means_.take(); }

  void fill(TrainSummary& summary) const;
  void fill(RunState& state) const;
  // Evaluations and the row of metrics begin anew; episodes and the last update stay.
  void begin_records() {
    update_means_.take();
    last_eval_.reset();
    best_eval_return_ = std::numeric_limits<double>::quiet_NaN();
  }
  void restore(const RunState& state, const std::string& env_id);

 private:
  EpisodeWindow episodes_;
  UpdateMeans update_means_;
  UpdateMetrics last_update_;  // the actor's numbers: of the last actor step
  std::optional<EvalStats> last_eval_;
  double best_eval_return_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace softac
