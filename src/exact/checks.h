// What the functions of softac/exact.h ask of their arguments; each throws ContractError.
#pragma once

#include <span>

#include "softac/exact.h"

namespace softac::exact {

// Arrays of the sizes and values that FiniteMdp promises. Returns the largest sum of a row's probabilities.
double require_mdp(const FiniteMdp& mdp);

// Probabilities, none on actions that are not available, which sum to 1 within 1e-4 in every state that is not terminal
// (policies in float do). Returns the largest sum.
double require_policy(const FiniteMdp& mdp, std::span<const double> pi);

}  // namespace softac::exact
