#include "render/glfw.h"

#include <memory>

#include "render/gl_context.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr int kVisible = 0x00020004, kContextApi = 0x0002200B, kNativeApi = 0x00036001, kEglApi = 0x00036002;

class HiddenWindow final : public GlContext {
 public:
  HiddenWindow() : glfw_(Glfw::get()), window_(glfw_.open(64, 64, "softac", false)) {}
  ~HiddenWindow() override { glfw_.destroy_window(window_); }
  const char* name() const override { return "glfw"; }
  void make_current() override { glfw_.make_current(window_); }
  void release() override { glfw_.make_current(nullptr); }

 private:
  Glfw& glfw_;
  GlfwWindow* window_;
};

}  // namespace

Glfw& Glfw::get() {
  static Glfw& instance = *new Glfw;
  return instance;
}

Glfw::Glfw() : library_("SOFTAC_GLFW_LIBRARY", {"libglfw.so.3", "libglfw.so"}) {
  if (!library_.loaded())
    throw IoError(needs_packages("a window needs GLFW", "libglfw3") + " (" + library_.error() + ")");
  const bool all =
      library_.find("glfwInit", init_) && library_.find("glfwGetError", get_error_) &&
      library_.find("glfwWindowHint", window_hint_) && library_.find("glfwCreateWindow", create_window) &&
      library_.find("glfwDestroyWindow", destroy_window) && library_.find("glfwMakeContextCurrent", make_current) &&
      library_.find("glfwSwapBuffers", swap_buffers) && library_.find("glfwSwapInterval", swap_interval) &&
      library_.find("glfwPollEvents", poll_events) && library_.find("glfwWindowShouldClose", should_close) &&
      library_.find("glfwSetKeyCallback", set_key_callback) &&
      library_.find("glfwSetWindowUserPointer", set_user_pointer) &&
      library_.find("glfwGetWindowUserPointer", user_pointer) &&
      library_.find("glfwGetFramebufferSize", framebuffer_size) && library_.find("glfwSetWindowTitle", set_title) &&
      library_.find("glfwGetProcAddress", proc_address);
  if (!all) throw IoError("a window needs GLFW 3.3 or newer; the library found lacks functions of it");
  if (init_() == 0) throw IoError("no window can be opened: GLFW: " + last_error());
}

std::string Glfw::last_error() const {
  const char* text = nullptr;
  get_error_(&text);
  return text == nullptr ? "no reason given" : text;
}

GlfwWindow* Glfw::open(int width, int height, const char* title, bool visible) {
  struct Way {
    int api;
    const char* variable;
    std::vector<std::string> libraries;
  };
  const Way ways[] = {{kEglApi, "SOFTAC_EGL_LIBRARY", {"libEGL.so.1"}},
                      {kNativeApi, "SOFTAC_GL_LIBRARY", {"libGL.so.1"}}};
  const OneRenderThread one;
  std::string why;
  for (const Way& way : ways) {
    const SharedLibrary library(way.variable, way.libraries);
    if (!library.loaded()) {
      why += (why.empty() ? "" : "; ") + library.error();
      continue;
    }
    window_hint_(kVisible, visible ? 1 : 0);
    window_hint_(kContextApi, way.api);
    if (GlfwWindow* window = create_window(width, height, title, nullptr, nullptr); window != nullptr) {
      library.make_global();
      return window;
    }
    why += (why.empty() ? "" : "; ") + last_error();
  }
  throw IoError(needs_packages("no window with OpenGL can be opened", "libegl1 libgl1 libgl1-mesa-dri") + " (" + why +
                ")");
}

std::unique_ptr<GlContext> make_glfw_context() {
  return std::make_unique<HiddenWindow>();
}

}  // namespace softac
