// The floating-point modes of a thread: rounding, flush to zero, denormals are zero, traps, x87 precision. Reading them
// takes a few nanoseconds.
#pragma once

#include <cfenv>
#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace softac {

// By which every result of softac is defined: to nearest, denormals kept, no traps, x87 with its full precision.
struct FpModes;
inline FpModes standard_fp_modes();

struct FpModes {
  std::uint64_t main = 0;  // x86-64: MXCSR without its flags; AArch64: FPCR; else the rounding
  std::uint32_t x87 = 0;   // its control word

  bool operator==(const FpModes&) const = default;
};

#if defined(__x86_64__)

constexpr std::uint32_t kMxcsrFlags = 0x3f;  // which exceptions have been met: no mode

inline FpModes fp_modes() {
  std::uint16_t control = 0;
  __asm__ volatile("fnstcw %0" : "=m"(control));
  return {_mm_getcsr() & ~kMxcsrFlags, control};
}
inline void set_fp_modes(const FpModes& modes) {
  const auto control = static_cast<std::uint16_t>(modes.x87);
  __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(control));
  _mm_setcsr(static_cast<std::uint32_t>(modes.main));
}
inline FpModes standard_fp_modes() {
  return {0x1f80, 0x37f};
}
inline bool flushes_denormals(const FpModes& modes) {
  return (modes.main & 0x8040) != 0;  // FTZ, DAZ
}
inline bool rounds_otherwise(const FpModes& a, const FpModes& b) {
  return ((a.main ^ b.main) & 0x6000) != 0 || ((a.x87 ^ b.x87) & 0xf00) != 0;
}

#elif defined(__aarch64__)

inline FpModes fp_modes() {
  std::uint64_t control = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return {control, 0};
}
inline void set_fp_modes(const FpModes& modes) {
  __asm__ volatile("msr fpcr, %0" : : "r"(modes.main));
}
inline FpModes standard_fp_modes() {
  return {0, 0};
}
inline bool flushes_denormals(const FpModes& modes) {
  return (modes.main & (1u << 24)) != 0;
}
inline bool rounds_otherwise(const FpModes& a, const FpModes& b) {
  return ((a.main ^ b.main) & (3u << 22)) != 0;
}

#else

inline FpModes fp_modes() {
  return {static_cast<std::uint64_t>(std::fegetround()), 0};
}
inline void set_fp_modes(const FpModes& modes) {
  std::fesetround(static_cast<int>(modes.main));
}
inline FpModes standard_fp_modes() {
  return {FE_TONEAREST, 0};
}
inline bool flushes_denormals(const FpModes&) {
  return false;
}
inline bool rounds_otherwise(const FpModes& a, const FpModes& b) {
  return a.main != b.main;
}

#endif

// The standard modes while it lives, whatever the program around (built by -Ofast, say) has set.
class StandardFpModes {
 public:
  StandardFpModes() : before_(fp_modes()) {
    if (before_ != standard_fp_modes()) set_fp_modes(standard_fp_modes());
  }
  ~StandardFpModes() {
    if (before_ != standard_fp_modes()) set_fp_modes(before_);
  }
  StandardFpModes(const StandardFpModes&) = delete;
  StandardFpModes& operator=(const StandardFpModes&) = delete;

 private:
  FpModes before_;
};

}  // namespace softac
