// What a diagnosis of a learner in training reports (docs/diagnostics.md has the list).
#pragma once

#include <string>

namespace softac {

struct DiagnosticValue {
  std::string name;  // "diag/…"
  double value = 0.0;
};

}  // namespace softac
