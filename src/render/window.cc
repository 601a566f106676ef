#include "render/window.h"

#include <algorithm>
#include <cstdlib>

#include "render/glfw.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr int kPress = 1, kRepeat = 2;
constexpr int kKeySpace = 32, kKeyMinus = 45, kKeyEqual = 61, kKeyQ = 81, kKeyR = 82, kKeyEscape = 256,
              kKeypadMinus = 333, kKeypadPlus = 334;

constexpr unsigned kAllAttributes = 0x000FFFFF, kFramebuffer = 0x8D40, kBack = 0x0405, kColorBit = 0x4000,
                   kUnpackAlignment = 0x0CF5, kRgb = 0x1907, kUnsignedByte = 0x1401;
// Depth test, lighting, textures, blending, fog, scissors, culling, stencil: whatever another drawer left on.
constexpr unsigned kEffects[] = {0x0B71, 0x0B50, 0x0DE1, 0x8513, 0x0BE2, 0x0B60, 0x0C11, 0x0B44, 0x0B90};

}  // namespace

// OpenGL 1.4 and framebuffer objects, as far as a picture needs them.
struct WindowGl {
  explicit WindowGl(const Glfw& glfw) {
    const auto load = [&glfw](const char* name, auto& function) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(glfw.proc_address(name));
      if (function == nullptr) throw IoError(std::string("no window: OpenGL lacks ") + name);
    };
    load("glPushAttrib", push_attrib);
    load("glPopAttrib", pop_attrib);
    load("glBindFramebuffer", bind_framebuffer);
    load("glDrawBuffer", draw_buffer);
    load("glDisable", disable);
    load("glViewport", viewport);
    load("glClearColor", clear_color);
    load("glClear", clear);
    load("glWindowPos2i", window_pos);
    load("glPixelZoom", pixel_zoom);
    load("glPixelStorei", pixel_store);
    load("glDrawPixels", draw_pixels);
  }
  void (*push_attrib)(unsigned);
  void (*pop_attrib)();
  void (*bind_framebuffer)(unsigned, unsigned);
  void (*draw_buffer)(unsigned);
  void (*disable)(unsigned);
  void (*viewport)(int, int, int, int);
  void (*clear_color)(float, float, float, float);
  void (*clear)(unsigned);
  void (*window_pos)(int, int);
  void (*pixel_zoom)(float, float);
  void (*pixel_store)(unsigned, int);
  void (*draw_pixels)(int, int, unsigned, unsigned, const void*);
};

bool has_display() {
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return true;
  }
  return false;
}

struct Window::Impl final : GlContext {
  Impl(int width, int height, const std::string& title)
      : glfw(Glfw::get()), window(glfw.open(width, height, title.c_str(), true)) {
    glfw.set_user_pointer(window, this);
    glfw.set_key_callback(window, [](GlfwWindow* from, int key, int, int action, int) {
      if (action == kPress || action == kRepeat)
        static_cast<Impl*>(Glfw::get().user_pointer(from))->on_key(key, action);
    });
    make_current();
    try {
      glfw.swap_interval(0);  // the player keeps the time
      gl = std::make_unique<WindowGl>(glfw);
    } catch (...) {
      release();
      glfw.destroy_window(window);
      throw;
    }
    release();
  }
  ~Impl() override { glfw.destroy_window(window); }

  const char* name() const override { return "glfw"; }
  void make_current() override { glfw.make_current(window); }
  void release() override { glfw.make_current(nullptr); }

  void on_key(int key, int action) {
    if (key == kKeyEqual || key == kKeypadPlus) ++wishes.faster;
    if (key == kKeyMinus || key == kKeypadMinus) --wishes.faster;
    if (action != kPress) return;
    if (key == kKeySpace) wishes.toggle_pause = !wishes.toggle_pause;
    if (key == kKeyR) wishes.restart = true;
    if (key == kKeyEscape || key == kKeyQ) wishes.quit = true;
  }

  void show(const Image& image) {
    make_current();
    int width = 0, height = 0;
    glfw.framebuffer_size(window, &width, &height);
    const float zoom = std::min(static_cast<float>(width) / static_cast<float>(image.width),
                                static_cast<float>(height) / static_cast<float>(image.height));
    const auto margin = [zoom](int whole, int part) {
      return std::max(0, (whole - static_cast<int>(zoom * static_cast<float>(part))) / 2);
    };
    gl->push_attrib(kAllAttributes);
    gl->bind_framebuffer(kFramebuffer, 0);
    gl->draw_buffer(kBack);
    for (const unsigned effect : kEffects) gl->disable(effect);
    gl->viewport(0, 0, width, height);
    gl->clear_color(0.0f, 0.0f, 0.0f, 1.0f);
    gl->clear(kColorBit);
    gl->window_pos(margin(width, image.width), height - margin(height, image.height));
    gl->pixel_zoom(zoom, -zoom);
    gl->pixel_store(kUnpackAlignment, 1);
    gl->draw_pixels(image.width, image.height, kRgb, kUnsignedByte, image.rgb.data());
    gl->pixel_zoom(1.0f, 1.0f);
    gl->pixel_store(kUnpackAlignment, 4);
    gl->pop_attrib();
    glfw.swap_buffers(window);
    release();
  }

  Glfw& glfw;
  GlfwWindow* window;
  std::unique_ptr<WindowGl> gl;
  WindowWishes wishes;
};

Window::Window(int width, int height, const std::string& title) : impl_(std::make_shared<Impl>(width, height, title)) {}
Window::~Window() = default;

std::shared_ptr<GlContext> Window::context() const {
  return impl_;
}

void Window::set_title(const std::string& title) {
  impl_->glfw.set_title(impl_->window, title.c_str());
}

WindowWishes Window::look() {
  impl_->glfw.poll_events();
  WindowWishes wishes = impl_->wishes;
  impl_->wishes = {};
  wishes.quit = wishes.quit || impl_->glfw.should_close(impl_->window) != 0;
  return wishes;
}

void Window::show(const Image& image) {
  impl_->show(image);
}

}  // namespace softac
