#include "train/offline_data.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/discrete_action.h"
#include "base/text.h"
#include "softac/error.h"

namespace softac {
namespace {

// Relative to half an action's range: bounds that were rounded to float32.
constexpr double kBoundSlack = 1e-5;

std::string bounds_text(double low, double high) {
  return number_text(low) + " to " + number_text(high);
}

// Fills a replay with episodes, once they are what the environment's could be.
class Filler {
 public:
  Filler(const TrainConfig& config, const EnvSpec& spec)
      : config_(config), spec_(spec), obs_(spec.obs_dim), next_obs_(spec.obs_dim), action_(spec.act_dim) {}

  void check_shape(const DatasetShape& shape) const {
    if (shape.obs_dim == spec_.obs_dim && shape.act_dim == spec_.act_dim) return;
    throw IoError("offline data " + config_.offline_data + ": observations of " + std::to_string(shape.obs_dim) +
                  " and actions of " + std::to_string(shape.act_dim) + " numbers, " + spec_.id + " has " +
                  std::to_string(spec_.obs_dim) + " and " + std::to_string(spec_.act_dim));
  }

  void add(const DataEpisode& episode, const DatasetShape& shape, ReplayBuffer& replay) {
    for (std::int64_t t = 0; t < episode.steps; ++t) {
      take_obs(episode, t, obs_);
      take_obs(episode, t + 1, next_obs_);
      take_action(episode, t, shape.policy_actions);
      const float reward = to_float(episode, episode.rewards[static_cast<std::size_t>(t)], "rewards", t, -1);
      const bool last = t + 1 == episode.steps;
      replay.add(0, obs_, action_, reward, next_obs_, last && episode.terminated,
                 last && episode.truncated && !episode.terminated);
    }
    replay.end_episode(0);  // where it was cut off without a flag
  }

 private:
  [[noreturn]] void fail(const DataEpisode& episode, const char* name, std::int64_t t, int j,
                         const std::string& text) const {
    throw IoError("offline data " + config_.offline_data + ": " + episode.name + ": " + name + "[" + std::to_string(t) +
                  "]" + (j < 0 ? "" : "[" + std::to_string(j) + "]") + " is " + text);
  }

  float to_float(const DataEpisode& episode, double value, const char* name, std::int64_t t, int j) const {
    const auto rounded = static_cast<float>(value);
    if (std::isfinite(rounded)) return rounded;
    const bool finite = std::isfinite(value);
    fail(episode, name, t, j,
         std::isnan(value) ? "NaN" : number_text(value) + (finite ? ", which float32 cannot hold" : ""));
  }

  void take_obs(const DataEpisode& episode, std::int64_t t, std::vector<float>& to) const {
    const double* row = episode.obs.data() + t * spec_.obs_dim;
    for (int j = 0; j < spec_.obs_dim; ++j)
      to[static_cast<std::size_t>(j)] = to_float(episode, row[j], "observations", t, j);
  }

  void take_action(const DataEpisode& episode, std::int64_t t, bool policy_actions) {
    const double* row = episode.actions.data() + t * spec_.act_dim;
    for (int j = 0; j < spec_.act_dim; ++j) {
      const double value = to_float(episode, row[j], "actions", t, j);
      float& out = action_[static_cast<std::size_t>(j)];
      if (policy_actions)
        out = policy_action(episode, value, t, j);
      else if (spec_.num_actions > 0)
        out = discrete_action(episode, row[j], t, j);
      else
        out = scaled_action(episode, row[j], t, j);
    }
  }
  // As softac stores it. The plain Gaussian's may be anything.
  float policy_action(const DataEpisode& episode, double value, std::int64_t t, int j) const {
    const bool unbounded = config_.sac.policy == PolicyKind::gaussian && spec_.num_actions == 0;
    if (!unbounded && std::abs(value) > 1.0)
      fail(episode, "actions", t, j, number_text(value) + ": must be from -1 to 1 (policy = squashed_gaussian)");
    return static_cast<float>(value);
  }
  float discrete_action(const DataEpisode& episode, double value, std::int64_t t, int j) const {
    if (value != std::floor(value) || value < 0.0 || value >= spec_.num_actions) {
      fail(episode, "actions", t, j,
           number_text(value) + ": " + spec_.id + " takes whole numbers from 0 to " +
               std::to_string(spec_.num_actions - 1));
    }
    return encode_discrete_action<float>(static_cast<int>(value), spec_.num_actions);
  }
  float scaled_action(const DataEpisode& episode, double value, std::int64_t t, int j) const {
    const double low = spec_.act_low[static_cast<std::size_t>(j)], high = spec_.act_high[static_cast<std::size_t>(j)];
    const double scaled = (value - low) / (high - low) * 2.0 - 1.0;
    if (std::abs(scaled) > 1.0 + kBoundSlack) {
      fail(episode, "actions", t, j, number_text(value) + ": " + spec_.id + " takes " + bounds_text(low, high));
    }
    return static_cast<float>(std::clamp(scaled, -1.0, 1.0));
  }

  const TrainConfig& config_;
  const EnvSpec& spec_;
  std::vector<float> obs_, next_obs_, action_;
};

void check_memory(const TrainConfig& config, const ReplayShape& shape, std::uint64_t left) {
  const std::uint64_t needed = ReplayBuffer::bytes_needed(shape);
  if (needed <= left) return;
  throw MemoryError("offline data " + config.offline_data + ": " + std::to_string(shape.buffer_size) +
                    " transitions take " + bytes_text(needed) + ", " + bytes_text(left) +
                    " are left beside the replay (buffer_size)");
}

}  // namespace

std::unique_ptr<OfflineData> load_offline_data(const TrainConfig& config, const EnvSpec& spec,
                                               const ReplayBuffer& online, std::uint64_t memory_limit) {
  if (config.offline_data.empty()) return nullptr;
  std::unique_ptr<OfflineData> out;
  Filler filler(config, spec);
  const std::uint64_t taken = ReplayBuffer::bytes_needed(online.shape());
  const std::uint64_t left = memory_limit > taken ? memory_limit - taken : 0;
  read_dataset(
      posix_file_system(), config.offline_data,
      [&](const DatasetShape& shape) {
        filler.check_shape(shape);
        ReplayShape ring = online.shape();
        ring.num_envs = 1;
        ring.buffer_size = std::max<std::int64_t>(shape.transitions, 2);
        check_memory(config, ring, left);
        out.reset(new OfflineData{shape, ReplayBuffer(ring, left), {}, {}});
      },
      [&](const DataEpisode& episode) { filler.add(episode, out->shape, out->replay); });
  const DatasetShape& shape = out->shape;
  out->summary = "offline data: " + std::to_string(shape.transitions) + " transitions of " +
                 std::to_string(shape.episodes) + " episodes from " + config.offline_data + ", " +
                 bytes_text(ReplayBuffer::bytes_needed(out->replay.shape())) + " of memory";
  if (!shape.env_id.empty() && shape.env_id != config.env_id)
    out->warning = "warning: offline data " + config.offline_data + " are of " + shape.env_id + ", this run is of " +
                   config.env_id;
  return out;
}

}  // namespace softac
