// OpenGL without a display, for MuJoCo's renderer. Nothing is linked: EGL and OSMesa are loaded when a picture is
// drawn.
#pragma once

#include <memory>
#include <string>

namespace softac {

class GlContext {
 public:
  virtual ~GlContext() = default;
  virtual const char* name() const = 0;  // "egl", "osmesa" or "glfw"
  // On the calling thread; it must be released there before another thread may have it. Throws IoError.
  virtual void make_current() = 0;
  virtual void release() = 0;
};

// Throw IoError, with what the library said, where there is none.
std::unique_ptr<GlContext> make_egl_context();     // gl_egl.cc: surfaceless, then the first device that works
std::unique_ptr<GlContext> make_osmesa_context();  // gl_osmesa.cc
std::unique_ptr<GlContext> make_glfw_context();    // glfw.cc: a window that is not shown

// The process's context for pictures, made by the first call: EGL, then OSMesa, or what MUJOCO_GL names (egl, osmesa,
// glfw). MuJoCo looks for OpenGL once, so the choice stays. Throws ConfigError on another value of MUJOCO_GL, IoError
// with the missing packages. A context that a window has (set_gl_context) comes first.
std::shared_ptr<GlContext> gl_context();
void set_gl_context(std::shared_ptr<GlContext> context);

// While it lives, Mesa's software renderer starts one thread instead of one per core (LP_NUM_THREADS), unless the
// user's environment says how many.
class OneRenderThread {
 public:
  OneRenderThread();
  ~OneRenderThread();
  OneRenderThread(const OneRenderThread&) = delete;
  OneRenderThread& operator=(const OneRenderThread&) = delete;

 private:
  bool set_;
};

// "…: sudo apt-get install …"
std::string needs_packages(const std::string& what, const char* packages);

}  // namespace softac
