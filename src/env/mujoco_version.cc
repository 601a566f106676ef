#include "env/mujoco_version.h"

#ifdef SOFTAC_HAS_MUJOCO
#include <mujoco/mujoco.h>
#endif

namespace softac {

std::string mujoco_version() {
#ifdef SOFTAC_HAS_MUJOCO
  return mj_versionString();
#else
  return "";
#endif
}

}  // namespace softac
