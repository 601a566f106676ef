// What `softac exact` prints.
#pragma once

#include <string>

#include "base/file_system.h"
#include "softac/exact.h"

namespace softac::app {

// Text goes out in pieces, so that a large result needs no second copy in memory. Throws DiskError.
class Output {
 public:
  virtual ~Output() = default;
  virtual void write(const std::string& text) = 0;
};

struct ExactReport {
  const ExactProblem& problem;
  const SoftSolution& solution;
  double soft_return;   // Σ start(s) V(s)
  double plain_return;  // Σ start(s) plain_return(s)
  double elapsed_sec;
};

// occupancy: (S), or empty to leave it out.
void write_exact_json(const ExactReport& report, const std::vector<double>& occupancy, Output& out);
void write_exact_text(const ExactReport& report, Output& out);

}  // namespace softac::app
