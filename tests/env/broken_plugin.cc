// Plugin libraries that the loader must refuse, one per value of BROKEN (set when it is compiled).
#include <limits>

#include "softac/env_plugin.h"

namespace {

void* create(const double*, char*, size_t) {
  return nullptr;
}
void destroy(void*) {}
int32_t reset(void*, const softac_random*, double*) {
  return 0;
}
int32_t step(void*, const double*, double*, softac_step_result*) {
  return 0;
}
size_t state_size(void*) {
  return 0;
}

constexpr double kLow[] = {-1.0}, kHigh[] = {1.0};
constexpr softac_env_argument kTwice[] = {{"a", 1.0, nullptr}, {"a", 2.0, nullptr}};

softac_env_type good() {
  softac_env_type type = {};
  type.id = "Broken-v0";
  type.obs_dim = 1;
  type.act_dim = 1;
  type.act_low = kLow;
  type.act_high = kHigh;
  type.create = create;
  type.destroy = destroy;
  type.reset = reset;
  type.step = step;
  return type;
}

softac_env_type types[2] = {good(), good()};
softac_env_table table = {SOFTAC_ENV_PLUGIN_ABI_VERSION, sizeof(softac_env_type), 1, types};

}  // namespace

#ifndef BROKEN_NO_ENTRY
extern "C" SOFTAC_ENV_PLUGIN_EXPORT const softac_env_table* softac_env_plugin(void) {
#if defined(BROKEN_NO_TABLE)
  return nullptr;
#elif defined(BROKEN_VERSION)
  table.abi_version = 999;
#elif defined(BROKEN_SIZE)
  table.type_size = 8;
#elif defined(BROKEN_COUNT)
  table.num_types = 1 << 30;
#elif defined(BROKEN_TYPES)
  table.types = nullptr;
#elif defined(BROKEN_ID)
  types[0].id = "a b/c";
#elif defined(BROKEN_TAKEN)
  types[0].id = "Pendulum-v1";
#elif defined(BROKEN_TWICE)
  table.num_types = 2;
#elif defined(BROKEN_MANY)
  // Several faults, all to be reported at once.
  types[0].step = nullptr;
  types[0].state_size = state_size;
  types[0].obs_dim = 2'000'000;
  types[0].act_low = nullptr;
  types[0].max_episode_steps = -1;
#elif defined(BROKEN_BOUNDS)
  static const double infinite[] = {std::numeric_limits<double>::infinity()};
  types[0].act_high = infinite;
#elif defined(BROKEN_ARGUMENTS)
  types[0].num_arguments = 2;
  types[0].arguments = kTwice;
#endif
  return &table;
}
#endif
