/* Runs an exported policy: reads N observations and N noises (floats) from standard input, writes the failures of both
   self-tests (with -DFLOAT_ONLY of one), then act's and draw's actions and, of discrete actions, the logits. Argument:
   N. */
#include <stdio.h>
#include <stdlib.h>

#include "policy.h"
#ifdef FLOAT_ONLY
#define small_self_test() 0
#else
#include "int16.h"
#endif

#ifdef DISCRETE
#define WIDTH 1
#else
#define WIDTH POLICY_ACTIONS
#endif

static float *take(size_t count) {
  float *values = malloc((count + 1) * sizeof *values);
  if (values == NULL) exit(2);
  return values;
}

int main(int argc, char **argv) {
  const size_t rows = argc > 1 ? (size_t)atoi(argv[1]) : 0;
  float *observation = take(rows * POLICY_OBSERVATIONS), *noise = take(rows * POLICY_NOISE);
  float *action = take(rows * WIDTH), *drawn = take(rows * WIDTH), *logits = take(rows * POLICY_ACTIONS);
  const float failed[2] = {(float)policy_self_test(), (float)small_self_test()};
  size_t logits_count = 0;
  if (fread(observation, sizeof(float), rows * POLICY_OBSERVATIONS, stdin) != rows * POLICY_OBSERVATIONS) return 2;
  if (fread(noise, sizeof(float), rows * POLICY_NOISE, stdin) != rows * POLICY_NOISE) return 2;
  for (size_t r = 0; r < rows; ++r) {
    const float *s = observation + r * POLICY_OBSERVATIONS, *eps = noise + r * POLICY_NOISE;
#ifdef DISCRETE
    action[r] = (float)policy_act(s, logits + r * POLICY_ACTIONS);
    drawn[r] = (float)policy_draw(s, eps, NULL);
    logits_count = rows * POLICY_ACTIONS;
#else
    policy_act(s, action + r * WIDTH);
    policy_draw(s, eps, drawn + r * WIDTH);
#endif
  }
  fwrite(failed, sizeof(float), 2, stdout);
  fwrite(action, sizeof(float), rows * WIDTH, stdout);
  fwrite(drawn, sizeof(float), rows * WIDTH, stdout);
  fwrite(logits, sizeof(float), logits_count, stdout);
  return 0;
}
