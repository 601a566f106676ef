#include "env/spec_check.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace softac {

namespace {
constexpr double kUnbounded = 1e300;  // bounds beyond, infinite or not, stand for none
}

void check_spec(const EnvSpec& spec, bool rescale_actions) {
  const std::size_t obs_dim = std::max(spec.obs_dim, 0);
  const std::size_t act_dim = std::max(spec.act_dim, 0);
  std::string violations;
  const auto refuse = [&](const std::string& text) { violations += "\n  " + text; };
  if (spec.obs_dim < 1) refuse("obs_dim: expected at least 1, found " + std::to_string(spec.obs_dim));
  if (spec.act_dim < 1) refuse("act_dim: expected at least 1, found " + std::to_string(spec.act_dim));
  if (spec.num_actions != 0 && (spec.num_actions < 2 || spec.act_dim != 1)) {
    refuse("num_actions: expected 0, or at least 2 with act_dim 1, found " + std::to_string(spec.num_actions) +
           " with act_dim " + std::to_string(spec.act_dim));
  }
  if (spec.max_episode_steps < 0)
    refuse("max_episode_steps: expected at least 0, found " + std::to_string(spec.max_episode_steps));
  const auto check_bounds = [&](const char* name, const std::vector<double>& low, const std::vector<double>& high,
                                std::size_t dim) {
    if (low.size() != dim || high.size() != dim) {
      refuse(std::string(name) + " bounds: expected " + std::to_string(dim) + " values, found " +
             std::to_string(low.size()) + " lower and " + std::to_string(high.size()) + " upper");
      return;
    }
    for (std::size_t j = 0; j < dim; ++j) {
      if (!(low[j] < high[j])) {
        refuse(std::string(name) + " bounds of entry " + std::to_string(j) + ": expected low < high, found " +
               number_text(low[j]) + " and " + number_text(high[j]));
      }
    }
  };
  check_bounds("observation", spec.obs_low, spec.obs_high, obs_dim);
  check_bounds("action", spec.act_low, spec.act_high, act_dim);
  const auto check_words = [&](const char* name, const std::vector<std::string>& words, std::size_t dim) {
    if (words.empty() || words.size() == dim) return;
    refuse(std::string(name) + ": expected none or " + std::to_string(dim) + ", found " + std::to_string(words.size()));
  };
  check_words("observation names", spec.obs_names, obs_dim);
  check_words("observation units", spec.obs_units, obs_dim);
  check_words("action names", spec.act_names, act_dim);
  check_words("action units", spec.act_units, act_dim);
  if (!(spec.dt >= 0.0)) refuse("dt: expected at least 0, found " + number_text(spec.dt));
  if (rescale_actions && violations.empty()) {
    for (std::size_t j = 0; j < act_dim; ++j) {
      const double low = spec.act_low[j], high = spec.act_high[j];
      if (std::max(std::fabs(low), std::fabs(high)) > kUnbounded) {
        refuse("action bounds of entry " + std::to_string(j) + ": " + number_text(low) + " to " + number_text(high) +
               " is no range that [-1, 1] could be rescaled to; give it the largest action that makes sense as its "
               "bounds");
      }
    }
  }
  if (!violations.empty()) throw ConfigError("environment " + spec.id + ":" + violations);
}

bool same_spec(const EnvSpec& a, const EnvSpec& b) {
  return a.id == b.id && a.obs_dim == b.obs_dim && a.act_dim == b.act_dim && a.obs_low == b.obs_low &&
         a.obs_high == b.obs_high && a.act_low == b.act_low && a.act_high == b.act_high &&
         a.max_episode_steps == b.max_episode_steps && a.num_actions == b.num_actions;
}

}  // namespace softac
