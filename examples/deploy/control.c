/* A control loop of 500 Hz around an exported policy: every 2 ms it takes the plant's newest observation and publishes
   an action. Prints how late the actions were: from the moment at which the loop should have woken to the published
   action.

   control LINK SECONDS [LIMIT_US]      exit status 1 where an action was later than LIMIT_US */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "link.h"
#include "policy.h"

#define PERIOD_NS 2000000
#define BINS 24 /* bin b: 2^b ns up to twice that */

static uint64_t histogram[BINS + 1];

static void count_latency(int64_t latency) {
  int bin = 0;
  while (bin < BINS && latency >> (bin + 1) != 0) ++bin;
  ++histogram[bin];
}

static void print_histogram(uint64_t total) {
  for (int bin = 0; bin <= BINS; ++bin) {
    if (histogram[bin] == 0) continue;
    printf("%9.1f us ", (double)(1 << bin) / 1000.0);
    for (uint64_t i = 0; i < (histogram[bin] * 50 + total - 1) / total; ++i) putchar('#');
    printf(" %llu\n", (unsigned long long)histogram[bin]);
  }
}

/* Where the system lets it: real-time priority and no paging. */
static void ask_for_real_time(void) {
  struct sched_param priority = {.sched_priority = 80};
  if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) fprintf(stderr, "control: no real-time priority here\n");
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) fprintf(stderr, "control: memory may be paged out\n");
}

int main(int argc, char** argv) {
  float observation[POLICY_OBSERVATIONS] = {0}, action[POLICY_ACTIONS];
  uint32_t seen = 0, fresh = 0;
  int64_t start, worst = 0, sum = 0;
  struct plant_link* link;
  if (argc < 3 || argc > 4) {
    fprintf(stderr, "usage: control LINK SECONDS [LIMIT_US]\n");
    return 2;
  }
  const int64_t steps = (int64_t)(atof(argv[2]) * 1e9) / PERIOD_NS;
  if (steps < 1) {
    fprintf(stderr, "control: SECONDS must be at least 0.002\n");
    return 2;
  }
  if (policy_self_test() != 0) {
    fprintf(stderr, "control: the policy does not act here as where it was trained\n");
    return 1;
  }
  link = open_link(argv[1], 0);
  if (link == NULL) {
    perror("control: start the plant first");
    return 1;
  }
  if (link->observations != POLICY_OBSERVATIONS || link->actions != POLICY_ACTIONS) {
    fprintf(stderr, "control: the plant has %u observations and %u actions, the policy %d and %d\n", link->observations,
            link->actions, POLICY_OBSERVATIONS, POLICY_ACTIONS);
    return 1;
  }
  ask_for_real_time();
  /* In the plant's own rhythm, a quarter of a period after its steps. */
  start = link->start_ns + ((now_ns() - link->start_ns) / PERIOD_NS + 2) * PERIOD_NS + PERIOD_NS / 4;
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t deadline = start + step * PERIOD_NS;
    int64_t latency;
    uint32_t before = seen;
    sleep_until_ns(deadline);
    seen = newest(&link->observation_count, link->observation, observation, POLICY_OBSERVATIONS, seen);
    fresh += seen != before;
    policy_act(observation, action);
    publish(&link->action_count, link->action, action, POLICY_ACTIONS);
    latency = now_ns() - deadline;
    worst = latency > worst ? latency : worst;
    sum += latency;
    count_latency(latency);
  }
  link->stop = 1;
  printf("%lld actions at 500 Hz on %u observations: latency %.1f us on average, %.1f us at worst\n", (long long)steps,
         fresh, (double)sum / (double)steps / 1000.0, (double)worst / 1000.0);
  print_histogram((uint64_t)steps);
  return argc == 4 && (double)worst / 1000.0 > atof(argv[3]);
}
