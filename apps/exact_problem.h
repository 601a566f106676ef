// The MDP argument of `softac exact`: a ready problem with its parameters, or a CSV file.
#pragma once

#include <cstdint>
#include <string>

#include "softac/exact.h"

namespace softac::app {

// Throws ConfigError on an unknown problem (with the nearest match) or unusable parameters, IoError on a file that is
// missing or wrong, MemoryError beyond max_bytes.
ExactProblem make_exact_problem(const std::string& text, std::uint64_t max_bytes);

}  // namespace softac::app
