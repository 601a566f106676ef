// Foreign code for the tests: environments that are all the same task, LabCalm-v0, and each do one thing to the process
// that they run in. So a run of each must end in the same state. Their arithmetic is of whole numbers, which no
// floating-point mode changes; one observation is below float32's normal numbers, so that a flush to zero shows.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cfenv>
#include <clocale>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <locale>
#include <new>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <pmmintrin.h>
#include <xmmintrin.h>
#endif

#include "softac/env_plugin.h"

namespace {

enum class Trait {
  calm,
  prints,
  moves,
  speaks,
  rounds,
  flushes,
  traps,
  masks,
  handles,
  closes,
  replaces,
  leaks_files,
  leaks_memory,
  forks,
  forks_back,
  leaves_daemon,
  sleeps,
  exits,
  quick_exits,
  thread_exits,
  exits_at_once,
  umask,
  setenv,
  random,
  alarms,
  threads
};

enum class Moment { create, reset, step };

struct Lab {
  std::int64_t x, v, steps, late;
};

constexpr std::int64_t kUnits = 64;  // a length of 1
constexpr std::int64_t kLate = 120;  // the step of traits that end something

void close_all(int first) {
  for (int fd = first; fd < 1024; ++fd) close(fd);
}

// Where LAB_WAIT_FOR names a file: until that is there, so that what happens next finds the run with a checkpoint.
void wait_for_file() {
  const char* path = std::getenv("LAB_WAIT_FOR");
  for (int i = 0; path != nullptr && access(path, F_OK) != 0 && i < 60000; ++i) usleep(1000);
}

// Memory that nobody frees, but that a leak checker finds reached.
void leak() {
  static std::vector<char*>& leaked = *new std::vector<char*>;
  leaked.push_back(new char[1000]);
}

// Changes that last, made at first, or again all the time.
template <Trait kTrait>
void change_process(Moment moment) {
  static int times = 0;
  [[maybe_unused]] const bool first = ++times <= 4;
  if constexpr (kTrait == Trait::prints) {
    std::printf("{\"printed\": \"by printf\"}\n");
    std::cout << "printed by cout\n";
    if (moment == Moment::step) std::printf("without an end of line, ");
  }
  if constexpr (kTrait == Trait::moves) {
    if (chdir("/") != 0) std::abort();
  }
  if constexpr (kTrait == Trait::speaks) {
    if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) std::fprintf(stderr, "laboratory: no locale de_DE.UTF-8\n");
    try {
      std::locale::global(std::locale("de_DE.UTF-8"));
    } catch (const std::runtime_error&) {
    }
  }
  if constexpr (kTrait == Trait::rounds) std::fesetround(FE_UPWARD);
#if defined(__x86_64__)
  if constexpr (kTrait == Trait::flushes) {
    _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
    _MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
  }
  if constexpr (kTrait == Trait::traps) _MM_SET_EXCEPTION_MASK(0);  // every exception, inexact results too
#endif
  if constexpr (kTrait == Trait::masks) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
  }
  if constexpr (kTrait == Trait::handles) {
    if (!first) return;
    for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) signal(number, SIG_IGN);
  }
  if constexpr (kTrait == Trait::umask) {
    if (first) umask(0777);
  }
  if constexpr (kTrait == Trait::setenv) {
    setenv("SOFTAC_BACKEND", "nonsense", 1);
    setenv("TZ", "Asia/Tokyo", 1);
    setenv("TERM", "dumb", 1);
  }
  if constexpr (kTrait == Trait::random) {
    srand(1);
    srandom(2);
    srand48(3);
    for (int i = 0; i < 3; ++i) static_cast<void>(rand() + random() + lrand48());
  }
  if constexpr (kTrait == Trait::alarms) {
    const itimerval often = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &often, nullptr);
  }
  if constexpr (kTrait == Trait::leaks_memory) leak();
  if constexpr (kTrait == Trait::sleeps) usleep(1000);
  if constexpr (kTrait == Trait::leaks_files) {
    if (moment == Moment::step) static_cast<void>(open("/dev/null", O_RDONLY));
  }
  if constexpr (kTrait == Trait::threads) {
    if (moment == Moment::create) {
      std::thread([] {
        std::fesetround(FE_DOWNWARD);
        volatile double x = 1.0;
        while (true) {
          x = x / 3.0;
          usleep(100);
        }
      }).detach();
    }
  }
  if constexpr (kTrait == Trait::forks) {
    const pid_t child = fork();
    if (child == 0) std::exit(3);  // with its handlers and buffers
    waitpid(child, nullptr, 0);
  }
}

// What happens once, in the midst of a run.
template <Trait kTrait>
void happen() {
  wait_for_file();
  if constexpr (kTrait == Trait::closes) close_all(3);
  if constexpr (kTrait == Trait::replaces) {  // the numbers become those of files of its own
    for (int fd = 3; fd < 64; ++fd) {
      const int own = open("/dev/null", O_WRONLY);
      if (own != fd) dup2(own, fd);
    }
  }
  if constexpr (kTrait == Trait::exits) std::exit(0);
  if constexpr (kTrait == Trait::quick_exits) std::quick_exit(0);
  if constexpr (kTrait == Trait::thread_exits) std::thread([] { std::exit(0); }).join();
  if constexpr (kTrait == Trait::exits_at_once) _exit(0);
  if constexpr (kTrait == Trait::forks_back) {
    if (const pid_t child = fork(); child > 0) waitpid(child, nullptr, 0);
  }
  if constexpr (kTrait == Trait::leaves_daemon) {
    if (fork() == 0) {
      for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) close(fd);  // as daemons do
      sleep(60);
      _exit(0);
    }
  }
}

template <Trait kTrait>
void* create(const double* arguments, char*, size_t) {
  change_process<kTrait>(Moment::create);
  return new (std::nothrow) Lab{0, 0, 0, static_cast<std::int64_t>(arguments[0])};
}

void destroy(void* env) {
  delete static_cast<Lab*>(env);
}

int32_t write_obs(const Lab& lab, double* obs) {
  obs[0] = static_cast<double>(lab.x) / static_cast<double>(kUnits);
  obs[1] = static_cast<double>(lab.v) / static_cast<double>(kUnits);
  const std::uint64_t tiny = 0x37a16c262777579c;  // 1e-40, as -Ofast would not write it
  std::memcpy(&obs[2], &tiny, sizeof tiny);
  return 3;
}

template <Trait kTrait>
int32_t reset(void* env, const softac_random* random, double* obs) {
  Lab& lab = *static_cast<Lab*>(env);
  lab.x = static_cast<std::int64_t>(random->next_u64(random->context) % 129) - 64;
  lab.v = 0;
  const int32_t count = write_obs(lab, obs);
  change_process<kTrait>(Moment::reset);
  return count;
}

template <Trait kTrait>
int32_t step(void* env, const double* action, double* obs, softac_step_result* result) {
  Lab& lab = *static_cast<Lab*>(env);
  lab.v = lab.v * 7 / 8 + std::lround(action[0] * 8.0);
  lab.x += lab.v / 8;
  ++lab.steps;
  result->reward = -static_cast<double>(lab.x * lab.x + lab.v * lab.v) / 4096.0;
  const int32_t count = write_obs(lab, obs);
  change_process<kTrait>(Moment::step);
  if (lab.steps == lab.late) happen<kTrait>();
  return count;
}

size_t state_size(void*) {
  return sizeof(Lab);
}
int32_t save_state(void* env, void* bytes) {
  std::memcpy(bytes, env, sizeof(Lab));
  return 0;
}
int32_t load_state(void* env, const void* bytes, size_t size) {
  if (size != sizeof(Lab)) return -1;
  std::memcpy(env, bytes, size);
  return 0;
}

constexpr double kLow[] = {-1.0}, kHigh[] = {1.0};
constexpr softac_env_argument kArguments[] = {{"late", kLate, "step of the instance at which it happens"}};

template <Trait kTrait>
softac_env_type lab(const char* id) {
  softac_env_type type = {};
  type.id = id;
  type.description = "A task that does one thing to its process";
  type.obs_dim = 3;
  type.act_dim = 1;
  type.act_low = kLow;
  type.act_high = kHigh;
  type.max_episode_steps = 20;
  type.num_arguments = 1;
  type.arguments = kArguments;
  type.create = create<kTrait>;
  type.destroy = destroy;
  type.reset = reset<kTrait>;
  type.step = step<kTrait>;
  type.state_size = state_size;
  type.save_state = save_state;
  type.load_state = load_state;
  return type;
}

#ifdef LABORATORY_FAST
const std::vector<softac_env_type> kTypes = {lab<Trait::calm>("LabFast-v0")};
#else
const std::vector<softac_env_type> kTypes = {
    lab<Trait::calm>("LabCalm-v0"),
    lab<Trait::prints>("LabPrints-v0"),
    lab<Trait::moves>("LabMoves-v0"),
    lab<Trait::speaks>("LabSpeaks-v0"),
    lab<Trait::rounds>("LabRounds-v0"),
    lab<Trait::flushes>("LabFlushes-v0"),
    lab<Trait::traps>("LabTraps-v0"),
    lab<Trait::masks>("LabMasks-v0"),
    lab<Trait::handles>("LabHandles-v0"),
    lab<Trait::closes>("LabCloses-v0"),
    lab<Trait::replaces>("LabReplaces-v0"),
    lab<Trait::leaks_files>("LabLeaksFiles-v0"),
    lab<Trait::leaks_memory>("LabLeaksMemory-v0"),
    lab<Trait::forks>("LabForks-v0"),
    lab<Trait::forks_back>("LabForksBack-v0"),
    lab<Trait::leaves_daemon>("LabLeavesDaemon-v0"),
    lab<Trait::sleeps>("LabSleeps-v0"),
    lab<Trait::exits>("LabExits-v0"),
    lab<Trait::quick_exits>("LabQuickExits-v0"),
    lab<Trait::thread_exits>("LabThreadExits-v0"),
    lab<Trait::exits_at_once>("LabExitsAtOnce-v0"),
    lab<Trait::umask>("LabUmask-v0"),
    lab<Trait::setenv>("LabSetenv-v0"),
    lab<Trait::random>("LabRandom-v0"),
    lab<Trait::alarms>("LabAlarms-v0"),
    lab<Trait::threads>("LabThreads-v0"),
};
#endif

}  // namespace

extern "C" const softac_env_table* softac_env_plugin(void) {
  static const softac_env_table table = {SOFTAC_ENV_PLUGIN_ABI_VERSION, sizeof(softac_env_type),
                                         static_cast<int32_t>(kTypes.size()), kTypes.data()};
  return &table;
}
