// A plugin library for the tests of what never ends by itself: a point on a line without a goal or a time limit.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#include "softac/env_plugin.h"

namespace {

struct Point {
  double x, v;
  double step_ms;
  bool first;  // instance of the process
};

void* create(const double* arguments, char*, size_t) {
  static std::atomic<bool> made{false};
  return new (std::nothrow) Point{0.0, 0.0, arguments[0], !made.exchange(true)};
}

// Makes the file that the variable names, once, where an instance other than the first takes a step: an evaluation of a
// run with one environment has begun.
void mark() {
  static std::atomic_flag marked = ATOMIC_FLAG_INIT;
  const char* path = std::getenv("ENDLESS_MARK");
  if (path == nullptr || marked.test_and_set()) return;
  if (std::FILE* file = std::fopen(path, "w")) std::fclose(file);
}

void destroy(void* env) {
  delete static_cast<Point*>(env);
}

// Only one instance may exist.
std::atomic<int> only_instances{0};
void* create_only(const double* arguments, char* error, size_t error_size) {
  if (only_instances.fetch_add(1) > 0) {
    only_instances.fetch_sub(1);
    std::strncpy(error, "the robot is taken", error_size - 1);
    return nullptr;
  }
  return create(arguments, error, error_size);
}
void destroy_only(void* env) {
  only_instances.fetch_sub(1);
  destroy(env);
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
  return write_obs(point, obs);
}

int32_t step(void* env, const double* action, double* obs, softac_step_result* result) {
  auto& point = *static_cast<Point*>(env);
  if (!point.first) mark();
  if (point.step_ms > 0.0)
    std::this_thread::sleep_for(std::chrono::microseconds(static_cast<int>(1000.0 * point.step_ms)));
  point.v = 0.9 * point.v + 0.1 * action[0];
  point.x = 0.99 * point.x + 0.1 * point.v;
  result->reward = -(point.x * point.x);
  return write_obs(point, obs);
}

size_t state_size(void*) {
  return 2 * sizeof(double);
}
int32_t save_state(void* env, void* bytes) {
  std::memcpy(bytes, env, state_size(env));
  return 0;
}
int32_t load_state(void* env, const void* bytes, size_t size) {
  if (size != state_size(env)) return -1;
  std::memcpy(env, bytes, size);
  return 0;
}

constexpr double kActLow[] = {-1.0}, kActHigh[] = {1.0};
constexpr softac_env_argument kArguments[] = {{"step_ms", 0.0, "milliseconds that a step sleeps"}};

constexpr softac_env_type point(const char* id, const char* description, int32_t max_episode_steps) {
  softac_env_type type = {};
  type.id = id;
  type.description = description;
  type.obs_dim = 2;
  type.act_dim = 1;
  type.act_low = kActLow;
  type.act_high = kActHigh;
  type.max_episode_steps = max_episode_steps;
  type.num_arguments = 1;
  type.arguments = kArguments;
  type.create = create;
  type.destroy = destroy;
  type.reset = reset;
  type.step = step;
  type.state_size = state_size;
  type.save_state = save_state;
  type.load_state = load_state;
  return type;
}

constexpr softac_env_type only(softac_env_type type) {
  type.create = create_only;
  type.destroy = destroy_only;
  return type;
}

constexpr std::array kTypes = {
    point("Endless-v0", "No episode ends", 0),
    only(point("Only-v0", "Of which one instance may exist", 20)),
};

constexpr softac_env_table kTable = {SOFTAC_ENV_PLUGIN_ABI_VERSION, sizeof(softac_env_type),
                                     static_cast<int32_t>(kTypes.size()), kTypes.data()};

}  // namespace

extern "C" const softac_env_table* softac_env_plugin(void) {
  return &kTable;
}
