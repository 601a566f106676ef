#include "softac/rng.h"

#include <cmath>

#include "base/elementary.h"
#include "softac/error.h"

namespace softac {

std::array<std::uint32_t, 4> philox4x32(std::uint64_t seed, std::uint64_t stream, std::uint64_t block) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
  auto c0 = static_cast<std::uint32_t>(block), c1 = static_cast<std::uint32_t>(block >> 32);
  auto c2 = static_cast<std::uint32_t>(stream), c3 = static_cast<std::uint32_t>(stream >> 32);
  auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kMultiplier0 * c0, p1 = kMultiplier1 * c2;
    const auto hi0 = static_cast<std::uint32_t>(p0 >> 32), lo0 = static_cast<std::uint32_t>(p0);
    const auto hi1 = static_cast<std::uint32_t>(p1 >> 32), lo1 = static_cast<std::uint32_t>(p1);
    c0 = hi1 ^ c1 ^ k0;
    c1 = lo1;
    c2 = hi0 ^ c3 ^ k1;
    c3 = lo0;
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return {c0, c1, c2, c3};
}

std::uint32_t Rng::next_u32() {
  const std::uint64_t index = position_ / 4;
  if (index != block_index_) {
    block_ = philox4x32(seed_, stream_, index);
    block_index_ = index;
  }
  return block_[position_++ % 4];
}

std::uint64_t Rng::next_u64() {
  const std::uint64_t low = next_u32();
  return low | (static_cast<std::uint64_t>(next_u32()) << 32);
}

double Rng::uniform() {
  return static_cast<double>(next_u64() >> 11) * 0x1p-53;
}

double Rng::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

double Rng::normal() {
  using elementary::Scalar;
  // u ∈ (0, 1], so that log u is finite; the sine branch is not kept, so the state stays three integers.
  const double u = static_cast<double>((next_u64() >> 11) + 1) * 0x1p-53;
  const double turn = uniform();
  Scalar<double> sine, cosine;
  elementary::sincos_turn(Scalar<double>(turn), sine, cosine);
  return std::sqrt(-2.0 * elementary::log(Scalar<double>(u)).v) * cosine.v;
}

std::uint64_t Rng::below(std::uint64_t n) {
  SOFTAC_REQUIRE(n >= 1);
  std::uint64_t value;
  while (!map_below(next_u64(), n, value)) {
  }
  return value;
}

void Rng::fill_u64(std::span<std::uint64_t> out) {
  std::size_t i = 0;
  // Independent blocks side by side, where the position is that of a block.
  constexpr std::size_t kTogether = 4;
  for (; position_ % 4 == 0 && out.size() - i >= 2 * kTogether; position_ += 4 * kTogether) {
    std::array<std::uint32_t, 4> blocks[kTogether];
    for (std::size_t b = 0; b < kTogether; ++b) blocks[b] = philox4x32(seed_, stream_, position_ / 4 + b);
    for (const auto& words : blocks) {
      out[i++] = words[0] | static_cast<std::uint64_t>(words[1]) << 32;
      out[i++] = words[2] | static_cast<std::uint64_t>(words[3]) << 32;
    }
  }
  for (; i < out.size(); ++i) out[i] = next_u64();
}

void Rng::set_position(std::uint64_t position) {
  position_ = position;
}

std::uint64_t Rng::align_to_block() {
  position_ = (position_ + 3) / 4 * 4;
  return position_ / 4;
}

}  // namespace softac
