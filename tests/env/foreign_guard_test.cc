// What foreign code leaves behind is set back. What belongs to the whole process is changed in children of this one.
#include "env/foreign_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cfenv>
#include <cstdlib>

#include "env/toy_env.h"
#include "softac/vec_env.h"

namespace softac {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RoundingEnv : public testing::ToyEnv {
 public:
  StepResult step(std::span<const double> action, std::span<double> obs) override {
    std::fesetround(FE_UPWARD);
    return ToyEnv::step(action, obs);
  }
};

TEST(ForeignGuard, AnEnvironmentOfTheProgramCannotChangeTheRounding) {
  take_foreign_warnings();
  std::vector<std::unique_ptr<Env>> envs;
  envs.push_back(std::make_unique<RoundingEnv>());
  VecEnv env(std::move(envs), {});
  env.reset();
  for (int i = 0; i < 3; ++i) env.step(std::vector<float>{0.0f, 0.0f});
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  EXPECT_THAT(take_foreign_warnings(),
              ElementsAre(HasSubstr("Toy-v0 left other floating-point modes behind (rounding)")));
  EXPECT_THAT(take_foreign_warnings(), IsEmpty());
}

TEST(ForeignGuard, ModesComeBackWithTheirFlags) {
  const FpModes before = fp_modes();
  {
    const FpModesGuard guard("test of modes");
    std::fesetround(FE_TOWARDZERO);
  }
  EXPECT_EQ(fp_modes(), before);
  {
    const FpModesGuard guard("test of flags");
    std::feraiseexcept(FE_INEXACT);
  }
  EXPECT_EQ(fp_modes(), before);
  for (const std::string& text : take_foreign_warnings()) EXPECT_THAT(text, HasSubstr("test of modes"));
}

TEST(ForeignGuard, AThreadsLocaleComesBack) {
  const locale_t own = newlocale(LC_ALL_MASK, "C", nullptr), before = uselocale(own);
  {
    const ForeignCall call("test");
    EXPECT_EQ(uselocale(nullptr), LC_GLOBAL_LOCALE);
  }
  EXPECT_EQ(uselocale(nullptr), own);
  uselocale(before);
  freelocale(own);
}

TEST(ForeignGuard, LooksOftenAtFirst) {
  std::vector<int> looked;
  for (int n = 0; n < 4000; ++n) {
    if (is_call_to_look_at(n)) looked.push_back(n);
  }
  EXPECT_THAT(looked, ElementsAre(0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1024, 2048, 3072));
}

void change_all() {
  signal(SIGTERM, SIG_IGN);
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);
  umask(0777);
  setenv("SOFTAC_BACKEND", "none", 1);
}

int state_after(bool guarded) {
  umask(022);
  unsetenv("SOFTAC_BACKEND");
  if (guarded) guard_process();
  {
    const ForeignCall call("test");
    change_all();
  }
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  struct sigaction found = {};
  sigaction(SIGTERM, nullptr, &found);
  const int changed = (found.sa_handler == SIG_IGN ? 1 : 0) + (sigismember(&blocked, SIGTERM) == 1 ? 2 : 0) +
                      (umask(0) == 0777 ? 4 : 0) + (std::getenv("SOFTAC_BACKEND") != nullptr ? 8 : 0) +
                      (take_foreign_warnings().empty() ? 16 : 0);
  std::_Exit(changed);
}

TEST(ForeignGuardDeathTest, TheProcessIsSetBackWhereItIsGuarded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(state_after(true), ::testing::ExitedWithCode(0), "");
}

TEST(ForeignGuardDeathTest, AHostProgramKeepsItsOwn) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(state_after(false), ::testing::ExitedWithCode(31), "");
}

void come_back_twice() {
  {
    const ForeignCall call("Forking-v0");
    if (fork() != 0) std::_Exit(7);
  }
  std::fprintf(stderr, "the child went on\n");
}

TEST(ForeignGuardDeathTest, AChildThatComesBackEnds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(come_back_twice(), ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace softac
