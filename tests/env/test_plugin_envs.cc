// A plugin library for the tests: one good environment and several that break their contract in one way each.
//
// GoodPoint-v0 uses + − × only, so its trajectories are the same on every machine. The bad ones are GoodPoint with one
// fault that shows at step `bad_step` of an episode.
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <thread>

#include "softac/env_plugin.h"

namespace {

constexpr double kDtSec = 0.1;

enum class Fault {
  none,
  nan_obs,
  inf_reward,
  error,
  hang,
  shape,
  both_flags,
  bad_flag,
  huge,
  crash,
  nan_reward,
  exception,
  state
};

struct Point {
  double x, v;
  std::int64_t steps;
  double bad_step;
  const char* last_error;
};

void* create(const double* arguments, char* error, size_t error_size) {
  if (arguments[0] < 1.0) {
    std::strncpy(error, "bad_step must be at least 1", error_size - 1);
    return nullptr;
  }
  return new (std::nothrow) Point{0.0, 0.0, 0, arguments[0], nullptr};
}

void destroy(void* env) {
  delete static_cast<Point*>(env);
}

int32_t write_obs(const Point& point, double* obs) {
  obs[0] = point.x;
  obs[1] = point.v;
  return 2;
}

int32_t reset(void* env, const softac_random* random, double* obs) {
  auto& point = *static_cast<Point*>(env);
  point.x = 2.0 * random->uniform(random->context) - 1.0;
  point.v = 0.0;
  point.steps = 0;
  return write_obs(point, obs);
}

template <Fault kFault>
int32_t step(void* env, const double* action, double* obs, softac_step_result* result) {
  auto& point = *static_cast<Point*>(env);
  const double u = action[0];
  point.v = 0.9 * point.v + u * kDtSec;
  point.x += point.v * kDtSec;
  ++point.steps;
  result->reward = -(point.x * point.x) - 0.1 * (point.v * point.v) - 0.001 * (u * u);
  const int32_t count = write_obs(point, obs);
  if (static_cast<double>(point.steps) < point.bad_step) return count;
  if constexpr (kFault == Fault::nan_obs) obs[1] = std::numeric_limits<double>::quiet_NaN();
  if constexpr (kFault == Fault::inf_reward) result->reward = -std::numeric_limits<double>::infinity();
  if constexpr (kFault == Fault::huge) obs[0] = 1e30;
  if constexpr (kFault == Fault::both_flags) result->terminated = result->truncated = 1;
  if constexpr (kFault == Fault::bad_flag) result->terminated = 7;
  if constexpr (kFault == Fault::hang) std::this_thread::sleep_for(std::chrono::hours(24));
  if constexpr (kFault == Fault::nan_reward) result->reward = std::numeric_limits<double>::quiet_NaN();
  if constexpr (kFault == Fault::crash) std::raise(SIGSEGV);
  if constexpr (kFault == Fault::exception) throw std::runtime_error("thrown by the plugin");
  if constexpr (kFault == Fault::shape) return 3;
  if constexpr (kFault == Fault::error) {
    point.last_error = "the simulated motor broke";
    return -1;
  }
  return count;
}

const char* last_error(void* env) {
  return static_cast<Point*>(env)->last_error;
}

size_t state_size(void*) {
  return 2 * sizeof(double) + sizeof(std::int64_t);
}
template <Fault kFault>
int32_t save_state(void* env, void* bytes) {
  if constexpr (kFault == Fault::state) {
    const auto& point = *static_cast<Point*>(env);
    if (static_cast<double>(point.steps) >= point.bad_step) throw std::runtime_error("the state is lost");
  }
  std::memcpy(bytes, env, state_size(env));
  return 0;
}
int32_t load_state(void* env, const void* bytes, size_t size) {
  if (size != state_size(env)) return -1;
  std::memcpy(env, bytes, size);
  return 0;
}

constexpr double kActLow[] = {-2.0}, kActHigh[] = {1.0};
constexpr double kThreshold = -5.0;
constexpr softac_env_argument kArguments[] = {{"bad_step", 10.0, "step of an episode from which on the fault shows"}};

template <Fault kFault>
constexpr softac_env_type point(const char* id, const char* description) {
  softac_env_type type = {};
  type.id = id;
  type.description = description;
  type.obs_dim = 2;
  type.act_dim = 1;
  type.act_low = kActLow;
  type.act_high = kActHigh;
  type.max_episode_steps = 50;
  type.reward_threshold = &kThreshold;
  type.num_arguments = 1;
  type.arguments = kArguments;
  type.create = create;
  type.destroy = destroy;
  type.reset = reset;
  type.step = step<kFault>;
  type.last_error = last_error;
  // One of the bad ones has no saved state, so that the tests meet that too.
  if (kFault != Fault::both_flags) {
    type.state_size = state_size;
    type.save_state = save_state<kFault>;
    type.load_state = load_state;
  }
  return type;
}

constexpr std::array kTypes = {
    point<Fault::none>("GoodPoint-v0", "Push a point on a line to the origin"),
    point<Fault::nan_obs>("BadNan-v0", "An observation becomes NaN"),
    point<Fault::inf_reward>("BadInfReward-v0", "The reward becomes infinite"),
    point<Fault::error>("BadThrow-v0", "step reports an error"),
    point<Fault::hang>("BadHang-v0", "step does not return"),
    point<Fault::shape>("BadShape-v0", "step writes another number of values"),
    point<Fault::both_flags>("BadBothFlags-v0", "terminated and truncated at once"),
    point<Fault::bad_flag>("BadFlag-v0", "terminated is neither 0 nor 1"),
    point<Fault::huge>("BadHuge-v0", "An observation becomes 1e30"),
    point<Fault::nan_reward>("BadNanReward-v0", "The reward becomes NaN"),
    point<Fault::exception>("BadException-v0", "step throws a C++ exception"),
    point<Fault::crash>("BadCrash-v0", "step ends in SIGSEGV"),
    point<Fault::state>("BadState-v0", "save_state throws a C++ exception"),
};

constexpr softac_env_table kTable = {SOFTAC_ENV_PLUGIN_ABI_VERSION, sizeof(softac_env_type),
                                     static_cast<int32_t>(kTypes.size()), kTypes.data()};

}  // namespace

extern "C" const softac_env_table* softac_env_plugin(void) {
  return &kTable;
}
