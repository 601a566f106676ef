// OSMesa, Mesa's OpenGL into memory (GL/osmesa.h).
#include <unistd.h>

#include <array>
#include <cstdint>

#include "base/shared_library.h"
#include "render/gl_context.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr unsigned kRgba = 0x1908, kUnsignedByte = 0x1401;
constexpr int kSide = 16;  // of the context's own picture: MuJoCo draws into another

class OsmesaContext final : public GlContext {
 public:
  OsmesaContext() : library_("SOFTAC_OSMESA_LIBRARY", {"libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so"}) {
    if (!library_.loaded()) throw IoError("OSMesa: " + library_.error());
    if (!library_.find("OSMesaCreateContextExt", create_) || !library_.find("OSMesaMakeCurrent", make_current_) ||
        !library_.find("OSMesaDestroyContext", destroy_)) {
      throw IoError("OSMesa: the library lacks its functions");
    }
    context_ = create_(kRgba, 24, 8, 0, nullptr);
    if (context_ == nullptr) throw IoError("OSMesa: no context could be made");
    library_.make_global();
  }
  ~OsmesaContext() override { destroy_(context_); }

  const char* name() const override { return "osmesa"; }
  void make_current() override {
    if (getpid() != process_)
      throw IoError("OSMesa: pictures were drawn before the process forked; its child cannot draw any");
    if (make_current_(context_, buffer_.data(), kUnsignedByte, kSide, kSide) == 0)
      throw IoError("OSMesa: OSMesaMakeCurrent failed");
  }
  void release() override { make_current_(nullptr, nullptr, 0, 0, 0); }

 private:
  SharedLibrary library_;
  void* (*create_)(unsigned format, int depth, int stencil, int accumulation, void* shared) = nullptr;
  unsigned char (*make_current_)(void* context, void* buffer, unsigned type, int width, int height) = nullptr;
  void (*destroy_)(void* context) = nullptr;
  void* context_ = nullptr;
  std::array<std::uint8_t, 4 * kSide * kSide> buffer_{};
  pid_t process_ = getpid();
};

}  // namespace

std::unique_ptr<GlContext> make_osmesa_context() {
  return std::make_unique<OsmesaContext>();
}

}  // namespace softac
