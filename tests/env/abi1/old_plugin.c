/* A plug-in as it was written for version 1 of the interface, whose header is kept beside it. Two types, so that the
 * second is found at the old distance. */
#include <stdlib.h>

#include "softac/env_plugin.h"

static void* create(const double* arguments, char* error, size_t error_size) {
  double* env = malloc(2 * sizeof *env);
  (void)error;
  (void)error_size;
  if (env != NULL) env[1] = arguments[0];
  return env;
}

static void destroy(void* env) {
  free(env);
}

static int32_t reset(void* env, const softac_random* random, double* obs) {
  double* x = env;
  *x = random->uniform(random->context);
  obs[0] = *x;
  return 1;
}

static int32_t step(void* env, const double* action, double* obs, softac_step_result* result) {
  double* x = env;
  *x += x[1] * action[0];
  result->reward = -*x * *x;
  obs[0] = *x;
  return 1;
}

static size_t state_size(void* env) {
  (void)env;
  return sizeof(double);
}

static int32_t save_state(void* env, void* bytes) {
  *(double*)bytes = *(double*)env;
  return 0;
}

static int32_t load_state(void* env, const void* bytes, size_t size) {
  if (size != sizeof(double)) return -1;
  *(double*)env = *(const double*)bytes;
  return 0;
}

static const double kLow[1] = {-1.0};
static const double kHigh[1] = {1.0};
static const softac_env_argument kArguments[] = {{"gain", 0.5, NULL}};

#define OLD_TYPE(name, saves)                                                                                       \
  {                                                                                                                 \
    .id = name, .description = "Of version 1", .obs_dim = 1, .act_dim = 1, .act_low = kLow, .act_high = kHigh,      \
    .max_episode_steps = 10, .num_arguments = 1, .arguments = kArguments, .create = create, .destroy = destroy,     \
    .reset = reset, .step = step, .state_size = saves ? state_size : NULL, .save_state = saves ? save_state : NULL, \
    .load_state = saves ? load_state : NULL,                                                                        \
  }

static const softac_env_type kTypes[] = {OLD_TYPE("OldFirst-v0", 0), OLD_TYPE("OldSecond-v0", 1)};

static const softac_env_table kTable = {SOFTAC_ENV_PLUGIN_ABI_VERSION, sizeof(softac_env_type), 2, kTypes};

const softac_env_table* softac_env_plugin(void) {
  return &kTable;
}
