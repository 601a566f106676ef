// GLFW (glfw.org), loaded when a window is opened: the functions and numbers that are needed.
#pragma once

#include "base/shared_library.h"

namespace softac {

struct GlfwWindow;

struct Glfw {
  // Loads and starts it, once per process. Throws IoError: the library is missing, with its package, or there is no
  // display.
  static Glfw& get();

  GlfwWindow* (*create_window)(int width, int height, const char* title, void* monitor, GlfwWindow* share) = nullptr;
  void (*destroy_window)(GlfwWindow*) = nullptr;
  void (*make_current)(GlfwWindow*) = nullptr;
  void (*swap_buffers)(GlfwWindow*) = nullptr;
  void (*swap_interval)(int) = nullptr;
  void (*poll_events)() = nullptr;
  int (*should_close)(GlfwWindow*) = nullptr;
  void (*set_key_callback)(GlfwWindow*, void (*)(GlfwWindow*, int key, int code, int action, int modifiers)) = nullptr;
  void (*set_user_pointer)(GlfwWindow*, void*) = nullptr;
  void* (*user_pointer)(GlfwWindow*) = nullptr;
  void (*framebuffer_size)(GlfwWindow*, int*, int*) = nullptr;
  void (*set_title)(GlfwWindow*, const char*) = nullptr;
  void (*(*proc_address)(const char*))() = nullptr;

  // A window with OpenGL by EGL or, where that fails, by the display's own way; and makes that library's symbols those
  // that MuJoCo finds. Throws IoError.
  GlfwWindow* open(int width, int height, const char* title, bool visible);
  std::string last_error() const;

 private:
  Glfw();

  SharedLibrary library_;
  int (*init_)() = nullptr;
  int (*get_error_)(const char**) = nullptr;
  void (*window_hint_)(int, int) = nullptr;
};

}  // namespace softac
