// Floating-point operations of one update: 2 × the multiply-adds of its matrix products, after the savings named in
// agent/sac.h. Element-wise work, Adam and Polyak are not counted.
#pragma once

#include <cstdint>

#include "softac/sac_config.h"

namespace softac {

// Per row of the batch, with F = multiply-adds of a forward pass and D = those of passing a gradient back to the first
// hidden layer (a: actor, c: critic):
//   actor forward on s and s' 2F_a, targets N F_c, critics N (2F_c + D_c), their values for the actor N F_c, the
//   minimising critic's gradient D_c + A h_1, the actor's gradient F_a + D_a.
std::int64_t flop_per_update(int obs_dim, int act_dim, const SacConfig& config);

}  // namespace softac
