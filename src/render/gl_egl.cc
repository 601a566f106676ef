// EGL, from its specification (khronos.org/registry/EGL): the dozen functions and numbers that are needed.
#include <unistd.h>

#include <array>
#include <cstdint>

#include "base/shared_library.h"
#include "render/gl_context.h"
#include "softac/error.h"

namespace softac {

namespace {

using Display = void*;
using Config = void*;
using Context = void*;
using Surface = void*;
using Function = void (*)();
constexpr int kTrue = 1;
constexpr unsigned kOpenGl = 0x30A2;
constexpr int kNone = 0x3038, kSurfaceType = 0x3033, kPbufferBit = 1, kRenderableType = 0x3040, kOpenGlBit = 8;
constexpr int kRed = 0x3024, kGreen = 0x3023, kBlue = 0x3022, kDepth = 0x3025;
constexpr unsigned kSurfaceless = 0x31DD, kDevice = 0x313F;  // EGL_MESA_platform_surfaceless, EGL_EXT_platform_device

struct Egl {
  Egl() : library("SOFTAC_EGL_LIBRARY", {"libEGL.so.1", "libEGL.so"}) {
    if (!library.loaded()) throw IoError("EGL: " + library.error());
    const bool all = library.find("eglGetProcAddress", get_proc_address) && library.find("eglInitialize", initialize) &&
                     library.find("eglTerminate", terminate) && library.find("eglBindAPI", bind_api) &&
                     library.find("eglChooseConfig", choose_config) &&
                     library.find("eglCreateContext", create_context) &&
                     library.find("eglDestroyContext", destroy_context) &&
                     library.find("eglMakeCurrent", make_current) && library.find("eglGetError", get_error);
    if (!all) throw IoError("EGL: the library lacks functions of EGL 1.4");
    get_platform_display =
        reinterpret_cast<Display (*)(unsigned, void*, const int*)>(get_proc_address("eglGetPlatformDisplayEXT"));
    query_devices = reinterpret_cast<unsigned (*)(int, void**, int*)>(get_proc_address("eglQueryDevicesEXT"));
    if (get_platform_display == nullptr) throw IoError("EGL: no EGL_EXT_platform_base");
  }

  SharedLibrary library;
  Function (*get_proc_address)(const char*) = nullptr;
  unsigned (*initialize)(Display, int*, int*) = nullptr;
  unsigned (*terminate)(Display) = nullptr;
  unsigned (*bind_api)(unsigned) = nullptr;
  unsigned (*choose_config)(Display, const int*, Config*, int, int*) = nullptr;
  Context (*create_context)(Display, Config, Context, const int*) = nullptr;
  unsigned (*destroy_context)(Display, Context) = nullptr;
  unsigned (*make_current)(Display, Surface, Surface, Context) = nullptr;
  int (*get_error)() = nullptr;
  Display (*get_platform_display)(unsigned, void*, const int*) = nullptr;
  unsigned (*query_devices)(int, void**, int*) = nullptr;
};

class EglContext final : public GlContext {
 public:
  EglContext() {
    std::string why;
    if (open(egl_.get_platform_display(kSurfaceless, nullptr, nullptr), why)) return;
    std::array<void*, 16> devices{};
    int count = 0;
    if (egl_.query_devices != nullptr &&
        egl_.query_devices(static_cast<int>(devices.size()), devices.data(), &count) == kTrue) {
      for (int i = 0; i < count; ++i) {
        if (open(egl_.get_platform_display(kDevice, devices[i], nullptr), why)) return;
      }
    }
    throw IoError("EGL: no display or device can be used" + why);
  }
  ~EglContext() override { egl_.destroy_context(display_, context_); }

  const char* name() const override { return "egl"; }
  void make_current() override {
    if (getpid() != process_)
      throw IoError("EGL: pictures were drawn before the process forked; its child cannot draw any");
    egl_.bind_api(kOpenGl);
    if (egl_.make_current(display_, nullptr, nullptr, context_) != kTrue) throw IoError("EGL: eglMakeCurrent" + code());
  }
  void release() override { egl_.make_current(display_, nullptr, nullptr, nullptr); }

 private:
  std::string code() {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), " failed with 0x%x", static_cast<unsigned>(egl_.get_error()));
    return text.data();
  }

  // Makes the context on a display and keeps both if the context can be used without a surface.
  bool open(Display display, std::string& why) {
    int major = 0, minor = 0;
    if (display == nullptr || egl_.initialize(display, &major, &minor) != kTrue) {
      if (display != nullptr) why = ": eglInitialize" + code();
      return false;
    }
    constexpr std::array kAttributes = {kSurfaceType, kPbufferBit, kRenderableType, kOpenGlBit, kRed, 8, kGreen, 8,
                                        kBlue,        8,           kDepth,          24,         kNone};
    Config config = nullptr;
    int count = 0;
    if (egl_.bind_api(kOpenGl) == kTrue &&
        egl_.choose_config(display, kAttributes.data(), &config, 1, &count) == kTrue && count > 0) {
      context_ = egl_.create_context(display, config, nullptr, nullptr);
      if (context_ != nullptr && egl_.make_current(display, nullptr, nullptr, context_) == kTrue) {
        display_ = display;
        release();
        egl_.library.make_global();
        return true;
      }
      if (context_ != nullptr) egl_.destroy_context(display, context_);
      context_ = nullptr;
    }
    why = ": no OpenGL context" + code();
    egl_.terminate(display);
    return false;
  }

  Egl egl_;
  Display display_ = nullptr;
  Context context_ = nullptr;
  pid_t process_ = getpid();
};

}  // namespace

std::unique_ptr<GlContext> make_egl_context() {
  return std::make_unique<EglContext>();
}

}  // namespace softac
