// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011). A value, never a global.
//
// (seed, stream) names an independent sequence; position counts the 32-bit words drawn, so a generator is saved by
// three integers and every draw is the same on every machine, compiler and vector width.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace softac {

// What a stream is for. The low 32 bits of a stream are free for an index (environment, network, …).
enum class StreamKind : std::uint32_t {
  init = 1,      // network initialisation; index = network
  warmup = 2,    // uniform actions before learning_starts; index = environment
  act = 3,       // exploration noise while acting; index = environment
  sample = 4,    // replay indices
  update = 5,    // reparameterisation noise inside the update
  env = 6,       // training environment resets; index = environment
  eval_env = 7,  // evaluation environment resets; index = environment
  test = 8,
  noise_repeat = 16,  // how long exploration noise is held
  dropout = 17,       // masks of dropout; index = pass, network and layer
};

class Rng {
 public:
  Rng() = default;
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}
  Rng(std::uint64_t seed, StreamKind kind, std::uint32_t index = 0)
      : seed_(seed), stream_((static_cast<std::uint64_t>(kind) << 32) | index) {}

  std::uint32_t next_u32();
  std::uint64_t next_u64();                     // two words, low first
  void fill_u64(std::span<std::uint64_t> out);  // what as many calls of next_u64() give, faster
  double uniform();                             // [0, 1), 53 bits
  double uniform(double low, double high);      // low + (high − low)·uniform()
  double normal();                       // standard normal, Box–Muller on two uniforms, one value kept per call
  std::uint64_t below(std::uint64_t n);  // uniform in [0, n) without bias; ContractError on n = 0

  // Maps a word to [0, n), n ≥ 1, without bias, or returns false: then the next word must be tried. below() is this on
  // next_u64(). Lemire, "Fast random integer generation in an interval" (2019): multiply, reject the biased part.
  static bool map_below(std::uint64_t word, std::uint64_t n, std::uint64_t& value) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(word) * n;
    value = static_cast<std::uint64_t>(product >> 64);
    const auto low = static_cast<std::uint64_t>(product);
    return low >= n || low >= (0 - n) % n;
  }

  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }
  std::uint64_t position() const { return position_; }  // 32-bit words drawn so far
  void set_position(std::uint64_t position);
  // Moves to the next multiple of four words; bulk fills (math/) start there. Returns the 128-bit block index's low
  // part.
  std::uint64_t align_to_block();

  friend bool operator==(const Rng& a, const Rng& b) {
    return a.seed_ == b.seed_ && a.stream_ == b.stream_ && a.position_ == b.position_;
  }

 private:
  std::uint64_t seed_ = 0;
  std::uint64_t stream_ = 0;
  std::uint64_t position_ = 0;
  std::array<std::uint32_t, 4> block_{};
  std::uint64_t block_index_ = ~std::uint64_t{0};  // which block block_ holds; ~0 = none
};

// One Philox4x32-10 block: counter (block, stream), key (seed). Lanes of bulk fills use the same function.
std::array<std::uint32_t, 4> philox4x32(std::uint64_t seed, std::uint64_t stream, std::uint64_t block);

}  // namespace softac
