// What a run tells Python: values that may outlive it.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>

#include "softac/evaluation.h"
#include "softac/train_summary.h"
#include "softac/trainer.h"

namespace softac::python {

// A TrainSummary with an evaluation of its own.
struct Summary {
  TrainSummary values;
  std::shared_ptr<const EvalStats> last_eval;  // null before the first
};

struct Report {
  TrainReport values;
  std::string state_hash() const;  // 16 hexadecimal digits, "" after a failure
};

void bind_train_values(nanobind::module_& m);

}  // namespace softac::python
