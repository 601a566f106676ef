// The fast kernels, written once over the type Lanes that the including file defines (lanes_*.h) and over its register
// tile: kTileRows × kTilePanels accumulators of 16 lanes (kUnrollSteps: whether steps of the chains are unrolled).
// Everything here has internal linkage and uses no shared inline code of single floats, since each including file is
// compiled for its own instruction set.
#pragma once

#include "base/elementary.h"
#include "math/activation.h"
#include "math/activation_rows.h"
#include "math/batch_norm_kernels.h"
#include "math/gaussian_kernels.h"
#include "math/kernel_table.h"
#include "math/norm_kernels.h"
#include "math/softmax_kernels.h"
#include "math/sparse_kernels.h"
#include "math/transpose_block.h"

namespace softac {
namespace {

#define SOFTAC_INLINE inline __attribute__((always_inline))

// A tile of C = init + A·B, MR rows × NP panels: chains over k. a points at (first row, column 0) of row panels,
// b at row 0 of NP adjacent panels. multiply_transposed exchanges the roles of a's rows and columns: a points at (row
// 0, first column inside one panel) and the chain runs over its rows (d_W = xᵀ d_y).
template <int MR, int NP>
struct Tile {
  Lanes sum[MR][NP];

  template <int KK>
  SOFTAC_INLINE void step(const float* a, const float* b, Stride b_stride) {
    Lanes w[NP];
    _Pragma("GCC unroll 8") for (int p = 0; p < NP; ++p) w[p] = Lanes::load(b + p * b_stride + KK * 16);
    _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) {
      const Lanes x(a[i * 16 + KK]);
      _Pragma("GCC unroll 8") for (int p = 0; p < NP; ++p) sum[i][p] = fma(x, w[p], sum[i][p]);
    }
  }

  // Sixteen steps of k inside one panel of a.
  SOFTAC_INLINE void steps16(const float* a, const float* b, Stride b_stride) {
    step<0>(a, b, b_stride), step<1>(a, b, b_stride), step<2>(a, b, b_stride), step<3>(a, b, b_stride);
    step<4>(a, b, b_stride), step<5>(a, b, b_stride), step<6>(a, b, b_stride), step<7>(a, b, b_stride);
    step<8>(a, b, b_stride), step<9>(a, b, b_stride), step<10>(a, b, b_stride), step<11>(a, b, b_stride);
    step<12>(a, b, b_stride), step<13>(a, b, b_stride), step<14>(a, b, b_stride), step<15>(a, b, b_stride);
  }

  SOFTAC_INLINE void multiply(const float* a, Stride a_stride, const float* b, Stride b_stride, int k) {
    int left = k;
    for (; left >= 16; left -= 16, a += a_stride, b += 256) {
      if constexpr (kUnrollSteps) {
        steps16(a, b, b_stride);
      } else {
        for (int kk = 0; kk < 16; ++kk) step<0>(a + kk, b + kk * 16, b_stride);
      }
    }
    for (int kk = 0; kk < left; ++kk) step<0>(a + kk, b + kk * 16, b_stride);
  }

  // One row r of the chain over rows: columns 0 … MR−1 of a's panel times b's row.
  template <int R>
  SOFTAC_INLINE void outer_step(const float* a, const float* b, Stride b_stride) {
    Lanes w[NP];
    _Pragma("GCC unroll 8") for (int p = 0; p < NP; ++p) w[p] = Lanes::load(b + p * b_stride + R * 16);
    _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) {
      const Lanes x(a[R * 16 + i]);
      _Pragma("GCC unroll 8") for (int p = 0; p < NP; ++p) sum[i][p] = fma(x, w[p], sum[i][p]);
    }
  }

  SOFTAC_INLINE void multiply_transposed(const float* a, const float* b, Stride b_stride, int rows) {
    int left = rows;
    for (; kUnrollSteps && left >= 8; left -= 8, a += 128, b += 128) {
      outer_step<0>(a, b, b_stride), outer_step<1>(a, b, b_stride), outer_step<2>(a, b, b_stride),
          outer_step<3>(a, b, b_stride);
      outer_step<4>(a, b, b_stride), outer_step<5>(a, b, b_stride), outer_step<6>(a, b, b_stride),
          outer_step<7>(a, b, b_stride);
    }
    for (int r = 0; r < left; ++r) outer_step<0>(a + r * 16, b + r * 16, b_stride);
  }
};

template <int MR, int NP>
SOFTAC_INLINE void forward_tile(const LinearForward<float>& g, int r, int p) {
  Tile<MR, NP> tile;
  const float* w = g.w + p * g.w_stride;
  float* y = g.y + p * g.y_stride + Stride{r} * 16;
  for (int j = 0; j < NP; ++j) {
    const Lanes bias = Lanes::load(w + j * g.w_stride + Stride{g.k} * 16);
    _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) {
      tile.sum[i][j] = bias;
      __builtin_prefetch(y + j * g.y_stride + i * 16, 1);
    }
  }
  tile.multiply(g.x + Stride{r} * 16, g.x_stride, w, g.w_stride, g.k);
  const bool relu = g.activate && g.activation == Activation::relu;
  const Lanes least(relu ? 0.0f : -__builtin_inff());
  _Pragma("GCC unroll 8") for (int j = 0; j < NP; ++j) {
    if (g.z) {
      float* z = g.z + (p + j) * g.y_stride + Stride{r} * 16;
      _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) tile.sum[i][j].store(z + i * 16);
    }
    _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) max_(least, tile.sum[i][j])
        .store(y + j * g.y_stride + i * 16);
  }
  if (g.activate && !relu) activate_rows(g.activation, y, g.y_stride, NP, MR);
}

template <int MR, int NP>
SOFTAC_INLINE void backward_tile(const LinearBackwardInput<float>& g, int r, int p) {
  Tile<MR, NP> tile;
  float* d_x = g.d_x + p * g.d_x_stride + Stride{r} * 16;
  const float* saved[MR];
  const bool relu = g.saved && g.activation == Activation::relu;
  _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) {
    if (relu) {
      const int row = g.saved_rows ? g.saved_rows[r + i] : r + i;
      saved[i] = g.saved + p * g.saved_stride + Stride{row} * 16;
    }
    _Pragma("GCC unroll 8") for (int j = 0; j < NP; ++j) {
      tile.sum[i][j] = Lanes::zero();
      __builtin_prefetch(d_x + j * g.d_x_stride + i * 16, 1);
      if (relu) __builtin_prefetch(saved[i] + j * g.saved_stride);
    }
  }
  tile.multiply(g.d_y + Stride{r} * 16, g.d_y_stride, g.wt + p * g.wt_stride, g.wt_stride, g.n);
  _Pragma("GCC unroll 8") for (int j = 0; j < NP; ++j) {
    _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) {
      Lanes d = tile.sum[i][j];
      if (relu) d = mask(Activation::relu, d, Lanes::load(saved[i] + j * g.saved_stride));
      d.store(d_x + j * g.d_x_stride + i * 16);
    }
  }
  if (g.saved && !relu)
    mask_rows(g.activation, d_x, g.d_x_stride, g.saved + p * g.saved_stride, g.saved_stride, g.saved_rows, r, NP, MR);
}

// Runs f.template operator()<MR, NP>(row, panel) over rows [r, last) in tiles of as equal height as can be, at most MR.
template <int MR, int NP, class F>
SOFTAC_INLINE void for_heights(int r, int last, int p, F f) {
  const auto height = [&] {
    const int left = last - r, tiles = (left + kTileRows - 1) / kTileRows;
    return left > 0 ? (left + tiles - 1) / tiles : 0;
  };
  while (height() == MR) f.template operator()<MR, NP>(r, p), r += MR;
  if constexpr (MR > 1) for_heights<MR - 1, NP>(r, last, p, f);
}

template <class F>
SOFTAC_INLINE void for_tiles(int first, int last, int panels, F f) {
  int p = 0;
  // A single row (acting) has too few chains per tile: it takes more panels at once.
  if (last - first == 1) {
    for (; p + 4 <= panels; p += 4) f.template operator()<1, 4>(first, p);
  }
  for (; p + kTilePanels <= panels; p += kTilePanels) for_heights<kTileRows, kTilePanels>(first, last, p, f);
  if (kTilePanels > 1) {
    for (; p < panels; ++p) for_heights<kTileRows, 1>(first, last, p, f);
  }
}

void linear_forward(const LinearForward<float>& g, int first, int last) {
  if (g.skip_zeros) return sparse_forward(g, first, last);
  for_tiles(first, last, g.out_panels, [&]<int MR, int NP>(int r, int p) { forward_tile<MR, NP>(g, r, p); });
}

void linear_backward_input(const LinearBackwardInput<float>& g, int first, int last) {
  if (g.skip_zeros) return sparse_backward_input(g, first, last);
  for_tiles(first, last, g.out_panels, [&]<int MR, int NP>(int r, int p) { backward_tile<MR, NP>(g, r, p); });
}

// Weight gradients. The rows are taken in blocks whose panels stay in the first cache; the tiles of a block go on from
// what the block before has stored, so that each chain keeps its order.
constexpr int kBlockRows = 256;

template <int MR, int NP>
SOFTAC_INLINE void weight_tile(const LinearBackwardWeights<float>& g, int k, int p, int first, int rows) {
  Tile<MR, NP> tile;
  float* d_w = g.d_w + p * g.d_w_stride + Stride{k} * 16;
  _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) {
    _Pragma("GCC unroll 8") for (int j = 0; j < NP; ++j) {
      tile.sum[i][j] = first == 0 ? Lanes::zero() : Lanes::load(d_w + j * g.d_w_stride + i * 16);
    }
  }
  tile.multiply_transposed(g.x + (k / 16) * g.x_stride + Stride{first} * 16 + k % 16,
                           g.d_y + p * g.d_y_stride + Stride{first} * 16, g.d_y_stride, rows);
  _Pragma("GCC unroll 16") for (int i = 0; i < MR; ++i) {
    _Pragma("GCC unroll 8") for (int j = 0; j < NP; ++j) tile.sum[i][j].store(d_w + j * g.d_w_stride + i * 16);
  }
}

// Rows [k, end) of d_W, at most 16, in tiles of as equal height as can be, at most MR.
template <int MR, int NP>
SOFTAC_INLINE void weight_tiles(const LinearBackwardWeights<float>& g, int k, int end, int p, int first, int rows) {
  const auto height = [&] {
    const int left = end - k, tiles = (left + kWeightRows - 1) / kWeightRows;
    return left > 0 ? (left + tiles - 1) / tiles : 0;
  };
  while (height() == MR) weight_tile<MR, NP>(g, k, p, first, rows), k += MR;
  if constexpr (MR > 1) weight_tiles<MR - 1, NP>(g, k, end, p, first, rows);
}

// Column sums of d_y for NP panels.
template <int NP>
SOFTAC_INLINE void bias_panels(const LinearBackwardWeights<float>& g, int p) {
  Lanes sum[NP];
  for (int j = 0; j < NP; ++j) sum[j] = Lanes::zero();
  const float* d_y = g.d_y + p * g.d_y_stride;
  for (int r = 0; r < g.rows; ++r) {
    _Pragma("GCC unroll 8") for (int j = 0; j < NP; ++j) {
      sum[j] = sum[j] + Lanes::load(d_y + j * g.d_y_stride + Stride{r} * 16);
    }
  }
  for (int j = 0; j < NP; ++j) sum[j].store(g.d_w + (p + j) * g.d_w_stride + Stride{g.k} * 16);
}

// Rows [16·first_piece, 16·last_piece) of d_W.
void dense_weight_rows(const LinearBackwardWeights<float>& g, int first_piece, int last_piece) {
  int first = 0;
  do {
    const int rows = g.rows - first < kBlockRows ? g.rows - first : kBlockRows;
    const auto panels = [&]<int NP>(int p) __attribute__((always_inline)) {
      for (int piece = first_piece; piece < last_piece; ++piece) {
        const int end = g.k < piece * 16 + 16 ? g.k : piece * 16 + 16;
        weight_tiles<kWeightRows, NP>(g, piece * 16, end, p, first, rows);
      }
    };
    int p = 0;
    for (; p + kWeightPanels <= g.out_panels; p += kWeightPanels) panels.template operator()<kWeightPanels>(p);
    if (kWeightPanels > 1) {
      for (; p < g.out_panels; ++p) panels.template operator()<1>(p);
    }
    first += kBlockRows;
  } while (first < g.rows);
}

void bias_sums(const LinearBackwardWeights<float>& g, int p, int last) {
  for (; p + 4 <= last; p += 4) bias_panels<4>(g, p);
  for (; p < last; ++p) bias_panels<1>(g, p);
}

void linear_backward_weights(const LinearBackwardWeights<float>& g, int first, int last) {
  if (g.skip_zeros) {
    constexpr int kPanels = kListRows / 16;
    for (int p = first; p < last; p += kPanels) sparse_weight_panels(g, p, last - p < kPanels ? last - p : kPanels);
    bias_sums(g, first, last);
    return;
  }
  const int bias = (g.k + 15) / 16;
  dense_weight_rows(g, first, last < bias ? last : bias);
  if (first <= bias && bias < last) bias_sums(g, 0, g.out_panels);
}

void transpose(const Transpose<float>& g, int first, int last) {
  for (int p = first; p < last; ++p) {
    float* wt = g.wt + p * g.wt_stride;
    const int columns = g.count - p * 16 < 16 ? g.count - p * 16 : 16;
    for (int n = 0; n < g.n; n += 16) {
      const float* w = g.w + (n / 16) * g.w_stride + Stride{g.first + p * 16} * 16;
      const int height = g.n - n < 16 ? g.n - n : 16;
      transpose_block(w, columns, wt + Stride{n} * 16, height);
    }
  }
}

void head_forward(const HeadForward<float>& g, int first, int last) {
  const float bias = g.w[Stride{g.panels} * 16];
  int r = first;
  for (; r + 8 <= last; r += 8) {
    Lanes sum[8];
    _Pragma("GCC unroll 8") for (int i = 0; i < 8; ++i) sum[i] = Lanes::zero();
    for (int p = 0; p < g.panels; ++p) {
      const Lanes w = Lanes::load(g.w + Stride{p} * 16);
      const float* h = g.h + p * g.h_stride + Stride{r} * 16;
      _Pragma("GCC unroll 8") for (int i = 0; i < 8; ++i) sum[i] = fma(Lanes::load(h + i * 16), w, sum[i]);
    }
    _Pragma("GCC unroll 8") for (int i = 0; i < 8; ++i) g.q[r + i] = sum[i].tree() + bias;
  }
  for (; r < last; ++r) {
    Lanes sum = Lanes::zero();
    for (int p = 0; p < g.panels; ++p) {
      sum = fma(Lanes::load(g.h + p * g.h_stride + Stride{r} * 16), Lanes::load(g.w + Stride{p} * 16), sum);
    }
    g.q[r] = sum.tree() + bias;
  }
}

void head_backward_input(const HeadBackwardInput<float>& g, int first, int last) {
  for (int p = 0; p < g.panels; ++p) {
    const Lanes w = Lanes::load(g.w + Stride{p} * 16);
    const float* saved = g.saved + p * g.saved_stride;
    float* d_h = g.d_h + p * g.d_h_stride;
    for (int r = first; r < last; ++r) {
      const int row = g.saved_rows ? g.saved_rows[r] : r;
      mask(g.activation, Lanes(g.d_q[r]) * w, Lanes::load(saved + Stride{row} * 16)).store(d_h + Stride{r} * 16);
    }
  }
}

template <int NP>
SOFTAC_INLINE void head_weight_panels(const HeadBackwardWeights<float>& g, int p) {
  Lanes sum[NP];
  for (int j = 0; j < NP; ++j) sum[j] = Lanes::zero();
  const float* h = g.h + p * g.h_stride;
  for (int r = 0; r < g.rows; ++r) {
    const Lanes d_q(g.d_q[r]);
    _Pragma("GCC unroll 8") for (int j = 0; j < NP; ++j) {
      sum[j] = fma(Lanes::load(h + j * g.h_stride + Stride{r} * 16), d_q, sum[j]);
    }
  }
  for (int j = 0; j < NP; ++j) sum[j].store(g.d_w + Stride{p + j} * 16);
}

void head_backward_weights(const HeadBackwardWeights<float>& g, int first, int last) {
  int p = first;
  for (; p + 4 <= last && p + 4 <= g.panels; p += 4) head_weight_panels<4>(g, p);
  for (; p < last && p < g.panels; ++p) head_weight_panels<1>(g, p);
  if (last > g.panels) {
    float sum = 0.0f;
    for (int r = 0; r < g.rows; ++r) sum = sum + g.d_q[r];
    g.d_w[Stride{g.panels} * 16] = sum;
  }
}

bool adam(const Adam<float>& g, std::int64_t first, std::int64_t last) {
  const Lanes clip(g.clip), beta1(g.beta1), rest1(g.one_minus_beta1), beta2(g.beta2), rest2(g.one_minus_beta2);
  const Lanes step(g.step), root_scale(g.root_scale), eps(g.eps), tau(g.tau), rest_tau(g.one_minus_tau);
  const Lanes decay_rate(g.decay_rate);
  Lanes watch = Lanes::zero();  // stays 0 while everything is finite
  for (std::int64_t i = first; i < last; i += 16) {
    const Lanes grad = clip * Lanes::load(g.g + i);
    const Lanes m = fma(beta1, Lanes::load(g.m + i), rest1 * grad);
    const Lanes v = fma(beta2, Lanes::load(g.v + i), rest2 * (grad * grad));
    Lanes p = Lanes::load(g.p + i);
    if (g.decay) p = fma(Lanes::zero() - decay_rate * Lanes::load(g.decay + i), p, p);
    p = p - step * (m / fma(sqrt_(v), root_scale, eps));
    m.store(g.m + i);
    v.store(g.v + i);
    p.store(g.p + i);
    if (g.target) fma(tau, p, rest_tau * Lanes::load(g.target + i)).store(g.target + i);
    watch = fma(p, Lanes::zero(), fma(v, Lanes::zero(), watch));
  }
  return watch.tree() == 0.0f;
}

void polyak(const float* p, float* target, std::int64_t size, float tau, float one_minus_tau, int block) {
  const std::int64_t begin = std::int64_t{block} * kBlock;
  const std::int64_t end = size < begin + kBlock ? size : begin + kBlock;
  for (std::int64_t i = begin; i < end; i += 16) {
    fma(Lanes(tau), Lanes::load(p + i), Lanes(one_minus_tau) * Lanes::load(target + i)).store(target + i);
  }
}

float sum_squares(const float* x, std::int64_t size, int block) {
  const std::int64_t begin = std::int64_t{block} * kBlock;
  const std::int64_t end = size < begin + kBlock ? size : begin + kBlock;
  Lanes sum = Lanes::zero();
  for (std::int64_t i = begin; i < end; i += 16) {
    const Lanes value = Lanes::load(x + i);
    sum = fma(value, value, sum);
  }
  return sum.tree();
}

// Philox4x32-10 on sixteen counters at once; the words are integers, so any order of work gives the same ones.
void philox16(std::uint64_t seed, std::uint64_t stream, std::uint64_t first_block, std::uint32_t (&w)[4][16]) {
  std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  alignas(64) std::uint32_t counter[2][16];
  for (int i = 0; i < 16; ++i) {
    const std::uint64_t block = first_block + static_cast<std::uint64_t>(i);
    counter[0][i] = static_cast<std::uint32_t>(block);
    counter[1][i] = static_cast<std::uint32_t>(block >> 32);
  }
  Words w0 = Words::load(counter[0]), w1 = Words::load(counter[1]);
  Words w2(static_cast<std::uint32_t>(stream)), w3(static_cast<std::uint32_t>(stream >> 32));
  for (int round = 0; round < 10; ++round) {
    Words high0, low0, high1, low1;
    multiply(w0, 0xD2511F53u, high0, low0);
    multiply(w2, 0xCD9E8D57u, high1, low1);
    w0 = high1 ^ w1 ^ Words(k0);
    w1 = low1;
    w2 = high0 ^ w3 ^ Words(k1);
    w3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  w0.store(w[0]), w1.store(w[1]), w2.store(w[2]), w3.store(w[3]);
}

SOFTAC_INLINE void box_muller(const std::uint32_t* word0, const std::uint32_t* word1, float* first, float* second) {
  const Lanes u = (Lanes::upper24(word0) + Lanes(1.0f)) * Lanes(0x1p-24f);
  const Lanes turn = Lanes::upper24(word1) * Lanes(0x1p-24f);
  Lanes sine, cosine;
  elementary::sincos_turn(turn, sine, cosine);
  const Lanes radius = sqrt_(Lanes(-2.0f) * elementary::log(u));
  (radius * cosine).store(first);
  (radius * sine).store(second);
}

void fill_normal(const FillNormal<float>& g, int first, int last) {
  for (int piece = first; piece < last; ++piece) {
    alignas(64) std::uint32_t words[4][16];
    philox16(g.seed, g.stream, g.first_block + static_cast<std::uint64_t>(piece) * 16, words);
    float* out = g.out + std::int64_t{piece} * 64;
    box_muller(words[0], words[1], out, out + 16);
    box_muller(words[2], words[3], out + 32, out + 48);
  }
}

// Every register of every chain starts from values of its own: the compiler would merge equal ones.
std::int64_t fma_probe(std::int64_t steps, float* io) {
  float start[kProbeChains * 16];
  for (int i = 0; i < kProbeChains * 16; ++i) start[i] = 1.0f + io[1] * static_cast<float>(i);
  Lanes chain[kProbeChains];
  _Pragma("GCC unroll 16") for (int i = 0; i < kProbeChains; ++i) chain[i] = Lanes::load(start + i * 16);
  const Lanes x(io[0]), y(io[1]);
  for (std::int64_t step = 0; step < steps; ++step) {
    _Pragma("GCC unroll 16") for (int i = 0; i < kProbeChains; ++i) chain[i] = fma(chain[i], x, y);
  }
  Lanes sum = chain[0];
  for (int i = 1; i < kProbeChains; ++i) sum = sum + chain[i];
  io[2] = sum.tree();
  return steps * kProbeChains * 16 * 2;
}

constexpr KernelTable<float> make_table(const char* name) {
  return {name,
          linear_forward,
          linear_backward_input,
          linear_backward_weights,
          transpose,
          head_forward,
          head_backward_input,
          head_backward_weights,
          layer_norm_forward,
          layer_norm_backward_input,
          layer_norm_backward_weights,
          column_moments,
          batch_norm_forward,
          batch_norm_backward_input,
          gaussian_forward,
          gaussian_backward,
          softmax_mean,
          adam,
          polyak,
          sum_squares,
          fill_normal,
          fma_probe};
}

#undef SOFTAC_INLINE

}  // namespace
}  // namespace softac
