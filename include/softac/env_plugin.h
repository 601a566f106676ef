/* Environments in a shared library: the C interface. Plain C99; include this header alone.
 *
 * The library exports one function, softac_env_plugin, which returns a table of environment types. Use it with
 *   softac train MyEnv-v0 --env-plugin ./libmine.so
 * or load_env_plugin("./libmine.so") in C++.
 *
 * Contract
 * - The table and everything it points to stay valid while the process lives; the library is never unloaded.
 * - Different instances may be used on different threads at once; one instance is never used by two threads at once.
 * - An environment draws its random numbers from the generator that reset receives and from nothing else, so that a
 *   seed repeats a run. It does not stop at the time limit (max_episode_steps): softac adds it.
 * - Observations and rewards must be finite in float32. Actions arrive within [act_low, act_high].
 * - Functions report a failure by their return value and must not throw, exit or block. What they may change in their
 *   process, and what is set back after them: docs/reliability.md.
 * - A library built with the header of an older version (1: without num_actions) loads as it did.
 */
#ifndef SOFTAC_ENV_PLUGIN_H
#define SOFTAC_ENV_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SOFTAC_ENV_PLUGIN_ABI_VERSION 2u

#if defined(__GNUC__)
#define SOFTAC_ENV_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define SOFTAC_ENV_PLUGIN_EXPORT
#endif

/* The episode's random numbers; valid during reset only. */
typedef struct softac_random {
  void* context;
  uint64_t (*next_u64)(void* context); /* 64 random bits */
  double (*uniform)(void* context);    /* in [0, 1) */
  double (*normal)(void* context);     /* standard normal */
} softac_random;

/* What step fills in; zero before the call. */
typedef struct softac_step_result {
  double reward;
  int32_t terminated; /* 1: the episode ended in the task's own sense; the value of what follows is zero */
  int32_t truncated;  /* 1: cut off for another reason (not the time limit); the value of what follows counts */
} softac_step_result;

/* A constructor argument: a number. */
typedef struct softac_env_argument {
  const char* name; /* unique; letters, digits and _ */
  double default_value;
  const char* description; /* may be NULL */
} softac_env_argument;

typedef struct softac_env_type {
  const char* id;                       /* unique, such as "PointMass-v0"; letters, digits and . _ : - */
  const char* description;              /* one line */
  int32_t obs_dim;                      /* O, 1 … SOFTAC_ENV_MAX_DIM */
  int32_t act_dim;                      /* A, 1 … SOFTAC_ENV_MAX_DIM */
  const double* obs_low;                /* (O), or NULL: unbounded */
  const double* obs_high;               /* (O), or NULL: unbounded */
  const double* act_low;                /* (A), finite; not read with discrete actions */
  const double* act_high;               /* (A), finite, above act_low; likewise */
  int32_t max_episode_steps;            /* time limit; 0 = none */
  const double* reward_threshold;       /* mean return that counts as solved, or NULL */
  int32_t num_arguments;                /* 0 … SOFTAC_ENV_MAX_ARGUMENTS */
  const softac_env_argument* arguments; /* (num_arguments), or NULL if there are none */

  /* Makes an instance from the arguments' values, (num_arguments) in table order. On failure: writes a text of at most
   * error_size bytes, the closing zero included, to error and returns NULL. */
  void* (*create)(const double* arguments, char* error, size_t error_size);
  void (*destroy)(void* env);
  /* Each writes the observation, (O), and returns the number of values written, which must be O; a negative number
   * reports a failure, which last_error describes. */
  int32_t (*reset)(void* env, const softac_random* random, double* obs);
  int32_t (*step)(void* env, const double* action, double* obs, softac_step_result* result);
  const char* (*last_error)(void* env); /* text of the last failure; the pointer itself may be NULL */

  /* Exact state for checkpoints; all three or none (NULL). save writes state_size(env) bytes, at most
   * SOFTAC_ENV_MAX_STATE_BYTES. Both return 0 if all went well. */
  size_t (*state_size)(void* env);
  int32_t (*save_state)(void* env, void* bytes);
  int32_t (*load_state)(void* env, const void* bytes, size_t size);

  /* Since version 2. 0: continuous actions. 2 … SOFTAC_ENV_MAX_ACTIONS: that many discrete ones; A is then 1, and
   * step's action[0] is 0.0, 1.0, … or num_actions - 1. */
  int32_t num_actions;
} softac_env_type;

typedef struct softac_env_table {
  uint32_t abi_version;         /* SOFTAC_ENV_PLUGIN_ABI_VERSION */
  uint32_t type_size;           /* sizeof(softac_env_type) */
  int32_t num_types;            /* 1 … SOFTAC_ENV_MAX_TYPES */
  const softac_env_type* types; /* (num_types) */
} softac_env_table;

#define SOFTAC_ENV_MAX_DIM 1000000
#define SOFTAC_ENV_MAX_ACTIONS 65536
#define SOFTAC_ENV_MAX_TYPES 1000
#define SOFTAC_ENV_MAX_ARGUMENTS 100
#define SOFTAC_ENV_MAX_ID_LENGTH 100
#define SOFTAC_ENV_MAX_STATE_BYTES ((size_t)1 << 30)

/* The entry point that the library defines. */
SOFTAC_ENV_PLUGIN_EXPORT const softac_env_table* softac_env_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
