// Means of what updates report. The actor's and the temperature's numbers are means over the updates that moved them.
#pragma once

#include <cstdint>

#include "softac/update_metrics.h"

namespace softac {

// What a row of metrics says of the updates since the last row.
struct UpdateRow {
  UpdateMetrics mean;  // ent_coef: the last one
  bool updated = false;
  bool actor_updated = false;  // else the actor's and the temperature's numbers say nothing
};

class UpdateMeans {
 public:
  void add(const UpdateMetrics& metrics);
  // The means so far; clears them.
  UpdateRow take();

  const UpdateMetrics& sum() const { return sum_; }
  std::int64_t count() const { return count_; }
  std::int64_t actor_count() const { return actor_count_; }  // of those with an actor step
  void restore(const UpdateMetrics& sum, std::int64_t count, std::int64_t actor_count) {
    sum_ = sum;
    count_ = count;
    actor_count_ = actor_count;
  }

 private:
  UpdateMetrics sum_;
  std::int64_t count_ = 0, actor_count_ = 0;
};

// `latest`, with the actor's and the temperature's numbers of `before` where it had no actor step.
UpdateMetrics with_last_actor_step(UpdateMetrics latest, const UpdateMetrics& before);

}  // namespace softac
