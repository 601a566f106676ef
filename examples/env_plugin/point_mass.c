/* PointMass-v0: push a mass on a line to the origin and keep it there. An environment in plain C. PointMassPush-v0 is
 * the same with three discrete actions: push to the left, not at all, to the right.
 *
 *   v <- v + (gain * u - friction * v) * dt,   x <- x + v * dt,   reward = -(x^2 + 0.1 v^2 + 0.01 u^2)
 *
 * The episode ends (terminated) when the mass leaves [-2, 2].
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "softac/env_plugin.h"

enum { OBS_DIM = 2, ACT_DIM = 1 };
static const double kDtSec = 0.05;
static const double kLimit = 2.0;

typedef struct point_mass {
  double state[2]; /* x, v: all that changes */
  double gain, friction;
} point_mass;

static void* create(const double* arguments, char* error, size_t error_size) {
  if (!(arguments[0] > 0.0) || !(arguments[1] >= 0.0)) {
    snprintf(error, error_size, "gain must be positive and friction at least 0, found %g and %g", arguments[0],
             arguments[1]);
    return NULL;
  }
  point_mass* env = calloc(1, sizeof *env);
  if (env == NULL) {
    snprintf(error, error_size, "out of memory");
    return NULL;
  }
  env->gain = arguments[0];
  env->friction = arguments[1];
  return env;
}

static void destroy(void* env) {
  free(env);
}

static int32_t write_obs(const point_mass* env, double* obs) {
  obs[0] = env->state[0];
  obs[1] = env->state[1];
  return OBS_DIM;
}

static int32_t reset(void* instance, const softac_random* random, double* obs) {
  point_mass* env = instance;
  env->state[0] = 2.0 * random->uniform(random->context) - 1.0;
  env->state[1] = 0.0;
  return write_obs(env, obs);
}

static int32_t step(void* instance, const double* action, double* obs, softac_step_result* result) {
  point_mass* env = instance;
  const double u = action[0];
  double* x = &env->state[0];
  double* v = &env->state[1];
  result->reward = -(*x * *x + 0.1 * *v * *v + 0.01 * u * u);
  *v += (env->gain * u - env->friction * *v) * kDtSec;
  *x += *v * kDtSec;
  result->terminated = fabs(*x) > kLimit;
  return write_obs(env, obs);
}

/* The action is 0, 1 or 2. */
static int32_t step_discrete(void* instance, const double* action, double* obs, softac_step_result* result) {
  const double push = action[0] - 1.0;
  return step(instance, &push, obs, result);
}

static size_t state_size(void* env) {
  return sizeof((point_mass*)env)->state;
}

static int32_t save_state(void* env, void* bytes) {
  memcpy(bytes, ((point_mass*)env)->state, state_size(env));
  return 0;
}

static int32_t load_state(void* env, const void* bytes, size_t size) {
  if (size != state_size(env)) return -1;
  memcpy(((point_mass*)env)->state, bytes, size);
  return 0;
}

static const double kActLow[ACT_DIM] = {-1.0};
static const double kActHigh[ACT_DIM] = {1.0};
static const softac_env_argument kArguments[] = {
    {"gain", 2.0, "acceleration per unit of action"},
    {"friction", 0.1, "deceleration per unit of speed"},
};

static const softac_env_type kTypes[] = {
    {
        .id = "PointMass-v0",
        .description = "Push a mass on a line to the origin",
        .obs_dim = OBS_DIM,
        .act_dim = ACT_DIM,
        .act_low = kActLow,
        .act_high = kActHigh,
        .max_episode_steps = 200,
        .num_arguments = 2,
        .arguments = kArguments,
        .create = create,
        .destroy = destroy,
        .reset = reset,
        .step = step,
        .state_size = state_size,
        .save_state = save_state,
        .load_state = load_state,
    },
    {
        .id = "PointMassPush-v0",
        .description = "The same with three pushes",
        .obs_dim = OBS_DIM,
        .act_dim = 1,
        .num_actions = 3,
        .max_episode_steps = 200,
        .num_arguments = 2,
        .arguments = kArguments,
        .create = create,
        .destroy = destroy,
        .reset = reset,
        .step = step_discrete,
        .state_size = state_size,
        .save_state = save_state,
        .load_state = load_state,
    },
};

static const softac_env_table kTable = {
    .abi_version = SOFTAC_ENV_PLUGIN_ABI_VERSION,
    .type_size = sizeof(softac_env_type),
    .num_types = sizeof kTypes / sizeof kTypes[0],
    .types = kTypes,
};

const softac_env_table* softac_env_plugin(void) {
  return &kTable;
}
