// A window that shows pictures and listens to a few keys.
#pragma once

#include <memory>
#include <string>

#include "render/gl_context.h"
#include "render/image.h"

namespace softac {

// Whether the environment names a display (DISPLAY, WAYLAND_DISPLAY).
bool has_display();

// What was asked for by keys since the last look.
struct WindowWishes {
  bool quit = false;          // esc, q, or the window was closed
  bool toggle_pause = false;  // space
  bool restart = false;       // r
  int faster = 0;             // + minus −
};

class Window {
 public:
  // Throws IoError: no GLFW, no display, no OpenGL.
  Window(int width, int height, const std::string& title);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Its OpenGL, for MuJoCo's renderer too.
  std::shared_ptr<GlContext> context() const;
  void set_title(const std::string& title);
  WindowWishes look();  // also handles the window's events
  // As large as the window allows, in its middle.
  void show(const Image& image);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace softac
