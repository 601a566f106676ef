// What one Gaussian and a mixture cover, as JSON: KL to the Boltzmann target on TwoPeaks-v0 with one and two action
// dimensions (a mixture of two), shares of the two goals of TwoWay-v0 (a mixture of four); densities and paths of seed
// 0 for the figures.
//
// Usage: multimodal NUM_SEEDS        (figures and bars: scripts/multimodal_campaign.py)
#include "train/multimodal.h"

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

namespace softac {
namespace {

using Json = nlohmann::json;

constexpr int kGrid = 200;  // steps of the densities' grid

double density(const PolicyParameters& policy, double action) {
  return std::exp(squashed_log_density_at({PolicyKind::squashed_gaussian, policy.mu, policy.log_std, policy.log_weight},
                                          std::vector<double>{action}));
}

Json bandit(int dimensions, int components, std::uint64_t seed) {
  MultimodalRun run("TwoPeaks-v0", components, seed, {{"dimensions", static_cast<double>(dimensions)}});
  const BoltzmannEstimate estimate = bandit_estimate(run);
  Json out = {{"seed", seed}, {"kl", estimate.kl}, {"kl_error", estimate.kl_error}};
  if (seed != 0 || dimensions != 1) return out;
  const std::unique_ptr<Env> env = run.env();
  const ActionValues q = bandit_values(*env);
  const PolicyParameters policy = run.agent().policy_at(std::vector<float>{0.0f});
  for (int i = 1; i < kGrid; ++i) {
    const std::vector<double> action = {-1.0 + 2.0 * i / kGrid};
    double value[1];
    q(action, value);
    out["action"].push_back(action[0]);
    out["policy"].push_back(density(policy, action[0]));
    out["target"].push_back(std::exp(value[0] / run.alpha() - estimate.log_z));
  }
  return out;
}

Json two_way(int components, std::uint64_t seed) {
  MultimodalRun run("TwoWay-v0", components, seed);
  const WayShares shares = two_way_shares(run, 1000, seed == 0 ? 60 : 0);
  Json out = {{"seed", seed}, {"left", shares.left}, {"right", shares.right}, {"return", shares.mean_return}};
  if (seed == 0) out["paths"] = shares.paths;
  return out;
}

}  // namespace
}  // namespace softac

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 0;
  if (seeds < 1) {
    std::cerr << "usage: multimodal NUM_SEEDS\n";
    return 2;
  }
  softac::Json out;
  for (const int components : {1, 2}) {
    const std::string name = components == 1 ? "gaussian" : "mixture";
    for (int seed = 0; seed < seeds; ++seed) {
      const auto s = static_cast<std::uint64_t>(seed);
      out["bandit"][name].push_back(softac::bandit(1, components, s));
      out["bandit_2d"][name].push_back(softac::bandit(2, components, s));
      out["two_way"][name].push_back(softac::two_way(components == 1 ? 1 : softac::kTwoWayComponents, s));
    }
  }
  std::cout << out.dump() << "\n";
  return 0;
}
