// MuJoCo's C library made safe to call: its errors, which would end the process, become returned messages, and its
// warnings are neither printed nor written to MUJOCO_LOG.TXT (they are read from the counters of mjData instead).
#pragma once

#include <mujoco/mujoco.h>

#include <array>
#include <csetjmp>
#include <memory>
#include <string>

namespace softac {

// Installs the two handlers, once per process; keeps handlers that the program has set itself. Throws ConfigError if
// the library is not the headers' version or is the refused 4.0.0.
void prepare_mujoco();

// Where a MuJoCo error inside run_trapped lands.
struct MujocoTrap {
  std::jmp_buf jump;
  std::array<char, 1024> message{};
};

namespace detail {
MujocoTrap*& active_trap();  // of this thread
}

// Runs call(), which must hold no C++ object with a destructor while it is inside MuJoCo. Returns false, with
// trap.message, if MuJoCo reported an error; the mjData in use is then good for mj_resetData only. No allocation.
template <class Call>
bool run_trapped(MujocoTrap& trap, const Call& call) {
  MujocoTrap* volatile const outer = detail::active_trap();
  if (setjmp(trap.jump) != 0) {
    detail::active_trap() = outer;
    return false;
  }
  detail::active_trap() = &trap;
  call();
  detail::active_trap() = outer;
  return true;
}

struct DeleteData {
  void operator()(mjData* data) const { mj_deleteData(data); }
};
using DataPtr = std::unique_ptr<mjData, DeleteData>;

// The name of an object, or its number where it has none.
std::string mujoco_name(const mjModel& model, mjtObj type, int index);

}  // namespace softac
