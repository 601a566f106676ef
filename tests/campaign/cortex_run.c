/* An exported policy on a Cortex-M without a C library: start, the self-tests, the rows of cases.h, and the result by
   semihosting. With -DTOLERANCE the actions may be off by that part of half their range, else by no bit. */
#include <stdint.h>

#include "cases.h"
#include "int16.h"
#include "policy.h"

extern uint32_t stack_top;
void reset(void);

/* What the processor starts with. */
__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *stack;
  void (*start)(void);
} vectors = {&stack_top, reset};

/* Arm's semihosting: operation and parameter in r0 and r1. */
static void host(uint32_t operation, const void *parameter) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = parameter;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void say_number(const char *what, unsigned number) {
  char text[12];
  int at = 11;
  text[at] = 0;
  do text[--at] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  host(4, what);
  host(4, text + at);
  host(4, "\n");
}

static unsigned differing(const float *found, const float *expected) {
  unsigned count = 0;
  for (int i = 0; i < WIDTH; ++i) {
#ifdef TOLERANCE
    const float off = found[i] > expected[i] ? found[i] - expected[i] : expected[i] - found[i];
    count += !(off <= TOLERANCE * half_range[i]);
#else
    union { float value; uint32_t bits; } a, b;
    a.value = found[i];
    b.value = expected[i];
    count += a.bits != b.bits;
#endif
  }
  return count;
}

static unsigned run(void) {
  unsigned differ = 0;
  for (int r = 0; r < ROWS; ++r) {
    float found[WIDTH];
    policy_act(observations + r * POLICY_OBSERVATIONS, found);
    differ += differing(found, actions + r * WIDTH);
    policy_draw(observations + r * POLICY_OBSERVATIONS, noises + r * POLICY_NOISE, found);
    differ += differing(found, drawn + r * WIDTH);
  }
  return differ;
}

void reset(void) {
#ifdef HAS_FPU
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: the floating-point unit */
  __asm__ volatile("dsb\n isb");
#endif
  say_number("self-test failures: ", (unsigned)(policy_self_test() + small_self_test()));
  say_number("values compared: ", 2u * ROWS * WIDTH);
  say_number("values that differ: ", run());
  host(0x18, (const void *)0x20026);
  for (;;) {
  }
}
