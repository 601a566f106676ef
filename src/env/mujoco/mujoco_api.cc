#include "env/mujoco/mujoco_api.h"

#include <cstdio>
#include <mutex>

#include "softac/error.h"

namespace softac {

namespace {

constexpr int kRefusedVersion = 4000000;
static_assert(mjVERSION_HEADER != kRefusedVersion,
              "MuJoCo 4.0.0 computes wrong accelerations (its Newton solver): use 3.17.0 or 4.0.1");

// Outside run_trapped the error was raised by a call that this library does not make; an exception is the mildest end.
void on_error(const char* message) {
  MujocoTrap* trap = detail::active_trap();
  if (trap == nullptr) throw Error(std::string("MuJoCo: ") + message);
  std::snprintf(trap->message.data(), trap->message.size(), "%s", message);
  std::longjmp(trap->jump, 1);
}

void on_warning(const char*) {}

}  // namespace

namespace detail {
MujocoTrap*& active_trap() {
  thread_local MujocoTrap* trap = nullptr;
  return trap;
}
}  // namespace detail

void prepare_mujoco() {
  static std::once_flag once;
  std::call_once(once, [] {
    const int version = mj_version();
    if (version == kRefusedVersion) {
      throw ConfigError("MuJoCo 4.0.0 is loaded; its Newton solver computes wrong accelerations: use 3.17.0 or 4.0.1");
    }
    if (version != mjVERSION_HEADER) {
      throw ConfigError("MuJoCo's library is version " + std::to_string(version) +
                        ", but the program was built with "
                        "the headers of version " +
                        std::to_string(mjVERSION_HEADER));
    }
    if (mju_user_error == nullptr) mju_user_error = on_error;
    if (mju_user_warning == nullptr) mju_user_warning = on_warning;
  });
}

std::string mujoco_name(const mjModel& model, mjtObj type, int index) {
  const char* name = mj_id2name(&model, type, index);
  return name != nullptr && *name != '\0' ? name : std::to_string(index);
}

}  // namespace softac
