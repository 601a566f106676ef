// The phases of one update, timed one by one in the order in which an update takes them.
#pragma once

#include <array>
#include <string>

#include "agent/update.h"
#include "bench_flop.h"
#include "replay/replay_buffer.h"

namespace softac::app {

enum Phase { kSample, kNoise, kPolicy, kTarget, kCriticForward, kCriticBackward, kActor, kOptimiser, kNumPhases };
inline constexpr std::array<const char*, kNumPhases> kPhaseNames = {
    "sample", "noise", "policy", "target", "critic_forward", "critic_backward", "actor", "optimiser"};

using PhaseValues = std::array<double, kNumPhases>;

struct UpdateTimes {
  double update_sec = 0.0;  // SacUpdate::run, the noise included, the sampling not
  PhaseValues phase_sec{};  // per update
};

// Runs for about `seconds`: updates on freshly sampled batches for two thirds of it, then the phases one after the
// other, each as in an update but without the steps of the optimiser, whose time is what the whole update takes more
// (Adam, Polyak, the transposed weights that follow them, the temperature).
UpdateTimes time_update(SacUpdate<float>& sac, ReplayBuffer& replay, Rng& rng, double seconds);

// Counted operations per phase; zero where there is no matrix product.
PhaseValues phase_flop(const UpdateFlop& flop);

// Bytes that Adam and Polyak read and write: p, g, m, v, for the critics θ̄ too; written p, m, v, and θ̄.
double optimiser_bytes(SacUpdate<float>& sac);

}  // namespace softac::app
