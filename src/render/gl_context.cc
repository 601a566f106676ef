#include "render/gl_context.h"

#include <cstdlib>
#include <mutex>
#include <string_view>

#include "softac/error.h"

namespace softac {

namespace {

constexpr const char* kEglPackages = "libegl1 libgl1-mesa-dri";
constexpr const char* kOsmesaPackages = "libosmesa6";

struct Shared {
  std::mutex mutex;
  std::shared_ptr<GlContext> context;
};
Shared& shared() {
  static Shared& instance = *new Shared;  // never destroyed: drivers have destructors of their own
  return instance;
}

std::shared_ptr<GlContext> make_any() {
  std::string egl_error;
  try {
    return make_egl_context();
  } catch (const IoError& error) {
    egl_error = error.what();
  }
  try {
    return make_osmesa_context();
  } catch (const IoError& error) {
    throw IoError(needs_packages("pictures of MuJoCo tasks need OpenGL: EGL or OSMesa", kEglPackages) + " (" +
                  egl_error + "; " + error.what() + ")");
  }
}

std::shared_ptr<GlContext> make_wanted() {
  const char* variable = std::getenv("MUJOCO_GL");
  const std::string wanted = variable == nullptr ? "" : variable;
  if (wanted.empty()) return make_any();
  const auto make = [&](auto&& function, const char* packages) -> std::shared_ptr<GlContext> {
    try {
      return function();
    } catch (const IoError& error) {
      throw IoError(needs_packages("MUJOCO_GL=" + wanted + " asks for what cannot be used here", packages) + " (" +
                    error.what() + ")");
    }
  };
  if (wanted == "egl") return make(make_egl_context, kEglPackages);
  if (wanted == "osmesa") return make(make_osmesa_context, kOsmesaPackages);
  if (wanted == "glfw") return make(make_glfw_context, "libglfw3 libgl1");
  throw ConfigError("MUJOCO_GL=" + wanted + ": must be egl, osmesa or glfw, or not set (EGL, then OSMesa)");
}

}  // namespace

std::shared_ptr<GlContext> gl_context() {
  Shared& s = shared();
  const std::lock_guard lock(s.mutex);
  if (!s.context) {
    const OneRenderThread one;
    s.context = make_wanted();
  }
  return s.context;
}

void set_gl_context(std::shared_ptr<GlContext> context) {
  Shared& s = shared();
  const std::lock_guard lock(s.mutex);
  s.context = std::move(context);
}

OneRenderThread::OneRenderThread() : set_(std::getenv("LP_NUM_THREADS") == nullptr) {
  if (set_) setenv("LP_NUM_THREADS", "1", 1);
}
OneRenderThread::~OneRenderThread() {
  if (set_) unsetenv("LP_NUM_THREADS");
}

std::string needs_packages(const std::string& what, const char* packages) {
  return what + "; install it: sudo apt-get install " + packages;
}

}  // namespace softac
