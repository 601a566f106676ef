// Matrix products that leave out the zeros of their left factor A (KernelTable, skip_zeros). Each row of A is packed
// once into a list of its elements other than zero; then every chain runs along its list, with the rows of B that the
// list names. Included by kernels.h.
#pragma once

#include "math/activation_rows.h"
#include "math/kernel_table.h"
#include "math/transpose_block.h"

namespace softac {
namespace {

#define SOFTAC_INLINE inline __attribute__((always_inline))

// A list covers kListColumns columns of A, so that the rows of B that it may name, in kListPanels panels, stay in the
// first cache while up to kListRows lists go over them. Chains go on from one block of columns to the next.
constexpr int kListColumns = 128, kListRows = 64, kListPanels = 4;

struct Lists {
  alignas(64) float value[kListRows * kListColumns + 16];
  alignas(64) std::uint16_t place[kListRows * kListColumns + 16];  // row of B, in steps of 8 bytes
  int begin[kListRows + 1];
  Lists() { begin[0] = 0; }
};

// Rows [r, r + count) of A, columns [k, end); a: panels. Row r of A is list 0.
SOFTAC_INLINE void pack_rows(Lists& lists, const float* a, Stride a_stride, int r, int count, int k, int end) {
  int at = 0;
  for (int i = 0; i < count; ++i) {
    lists.begin[i] = at;
    const float* row = a + (k / 16) * a_stride + Stride{r + i} * 16;
    int c = k;
    for (; c + 16 <= end; c += 16, row += a_stride) {
      at += Lanes::load(row).pack(c - k, lists.value + at, lists.place + at);
    }
    if (c < end) at += Lanes::load(row).first(end - c).pack(c - k, lists.value + at, lists.place + at);
  }
  lists.begin[count] = at;
}

// The same of A = d_yᵀ: the columns of one panel of d_y, its rows [r, end). Column c is list `first` + c.
SOFTAC_INLINE void pack_columns(Lists& lists, int first, const float* panel, int r, int end) {
  alignas(64) float columns[kListColumns * 16];  // 16 × 16 blocks, transposed
  for (int row = r; row < end; row += 16) {
    transpose_block(panel + Stride{row} * 16, end - row < 16 ? end - row : 16, columns + (row - r) * 16, 16);
  }
  int at = lists.begin[first];
  for (int c = 0; c < 16; ++c) {
    lists.begin[first + c] = at;
    for (int row = 0; row < end - r; row += 16) {
      at += Lanes::load(columns + row * 16 + c * 16).pack(row, lists.value + at, lists.place + at);
    }
  }
  lists.begin[first + 16] = at;
}

// A row of NP panels of C += A·B along list i. b: row 0 of the list's rows, in the first of the panels.
template <int NP>
struct ListChain {
  Lanes sum[NP];

  SOFTAC_INLINE void load(const float* c, Stride stride) {
    _Pragma("GCC unroll 4") for (int j = 0; j < NP; ++j) sum[j] = Lanes::load(c + j * stride);
  }
  SOFTAC_INLINE void store(float* c, Stride stride) const {
    _Pragma("GCC unroll 4") for (int j = 0; j < NP; ++j) sum[j].store(c + j * stride);
  }
  // b[j]: row 0 of panel j. place: in steps of 8 bytes.
  SOFTAC_INLINE void step(Lanes x, const float* const* b, std::uint64_t place) {
    _Pragma("GCC unroll 4") for (int j = 0; j < NP; ++j) sum[j] = fma(x, Lanes::load(b[j] + place * 2), sum[j]);
  }
  SOFTAC_INLINE void multiply(const Lists& lists, int i, const float* first, Stride b_stride) {
    const float* b[NP];
    _Pragma("GCC unroll 4") for (int j = 0; j < NP; ++j) {
      b[j] = first + j * b_stride;
      asm("" : "+r"(b[j]));  // a register each: else the compiler adds up the strides in every step
    }
    const float* value = lists.value + lists.begin[i];
    const std::uint16_t* place = lists.place + lists.begin[i];
    int left = lists.begin[i + 1] - lists.begin[i];
    for (; left >= 4; left -= 4, value += 4, place += 4) {
      const auto x = Lanes::Four::load(value);
      std::uint64_t places;
      __builtin_memcpy(&places, place, sizeof places);
      step(x.template get<0>(), b, places & 0xffff);
      step(x.template get<1>(), b, places >> 16 & 0xffff);
      step(x.template get<2>(), b, places >> 32 & 0xffff);
      step(x.template get<3>(), b, places >> 48);
    }
    for (; left > 0; --left, ++value, ++place) step(Lanes(*value), b, *place);
  }
};

// f.template operator()<NP>(panel) for groups of kListPanels panels, then for the rest.
template <class F>
SOFTAC_INLINE void for_panel_groups(int panels, F f) {
  int p = 0;
  for (; p + kListPanels <= panels; p += kListPanels) f.template operator()<kListPanels>(p);
  if (panels - p == 3) f.template operator()<3>(p);
  if (panels - p == 2) f.template operator()<2>(p);
  if (panels - p == 1) f.template operator()<1>(p);
}

// C = init + A·B for rows [first, last) of A (panels, K columns). init(chain, p) starts a chain, finish(chain, r, p)
// stores it; between the blocks of columns it lies in c.
template <class Init, class Finish>
SOFTAC_INLINE void multiply_rows(const float* a, Stride a_stride, int columns, const float* b, Stride b_stride,
                                 int panels, float* c, Stride c_stride, int first, int last, Init init, Finish finish) {
  Lists lists;
  for (int r = first; r < last; r += kListRows) {
    const int count = last - r < kListRows ? last - r : kListRows;
    for (int k = 0; k < columns; k += kListColumns) {
      const int end = columns - k < kListColumns ? columns : k + kListColumns;
      pack_rows(lists, a, a_stride, r, count, k, end);
      for_panel_groups(
          panels, [&]<int NP>(int p) __attribute__((always_inline)) {
            for (int i = 0; i < count; ++i) {
              ListChain<NP> chain;
              float* at = c + p * c_stride + Stride{r + i} * 16;
              if (k == 0)
                init(chain, p);
              else
                chain.load(at, c_stride);
              chain.multiply(lists, i, b + p * b_stride + Stride{k} * 16, b_stride);
              if (end == columns)
                finish(chain, r + i, p);
              else
                chain.store(at, c_stride);
            }
          });
    }
  }
}

void sparse_forward(const LinearForward<float>& g, int first, int last) {
  const bool relu = g.activate && g.activation == Activation::relu;
  const Lanes least(relu ? 0.0f : -__builtin_inff());
  multiply_rows(
      g.x, g.x_stride, g.k, g.w, g.w_stride, g.out_panels, g.y, g.y_stride, first, last,
      [&]<int NP>(ListChain<NP> & chain, int p)
          __attribute__((always_inline)) { chain.load(g.w + p * g.w_stride + Stride{g.k} * 16, g.w_stride); },
      [&]<int NP>(ListChain<NP> & chain, int r, int p) __attribute__((always_inline)) {
        const Stride at = p * g.y_stride + Stride{r} * 16;
        if (g.z) chain.store(g.z + at, g.y_stride);
        for (Lanes& sum : chain.sum) sum = max_(least, sum);
        chain.store(g.y + at, g.y_stride);
        if (g.activate && !relu) activate_rows(g.activation, g.y + at, g.y_stride, NP, 1);
      });
}

void sparse_backward_input(const LinearBackwardInput<float>& g, int first, int last) {
  multiply_rows(
      g.d_y, g.d_y_stride, g.n, g.wt, g.wt_stride, g.out_panels, g.d_x, g.d_x_stride, first, last,
      []<int NP>(ListChain<NP> & chain, int) __attribute__((always_inline)) {
        for (Lanes& sum : chain.sum) sum = Lanes::zero();
      },
      [&]<int NP>(ListChain<NP> & chain, int r, int p) __attribute__((always_inline)) {
        float* d_x = g.d_x + p * g.d_x_stride + Stride{r} * 16;
        chain.store(d_x, g.d_x_stride);
        if (g.saved)
          mask_rows(g.activation, d_x, g.d_x_stride, g.saved + p * g.saved_stride, g.saved_stride, g.saved_rows, r, NP,
                    1);
      });
}

// d_Wᵀ = d_yᵀ x in groups of kListRows columns n of d_y. A block of 16 × 16 elements of d_W stands together, so until
// the last rows are in it holds the sums of d_Wᵀ; if K is no multiple of 16, those of the last panel of x stand in
// `rest`.
void sparse_weight_panels(const LinearBackwardWeights<float>& g, int first, int count) {
  Lists lists;
  alignas(64) float rest[kListRows * 16];
  const int full = g.k / 16, left = g.k % 16;
  const auto block = [&](int c, int p) { return g.d_w + (first + c / 16) * g.d_w_stride + Stride{p} * 256; };
  int r = 0;
  do {
    const int end = g.rows - r < kListColumns ? g.rows : r + kListColumns;
    for (int i = 0; i < count; ++i) pack_columns(lists, i * 16, g.d_y + (first + i) * g.d_y_stride, r, end);
    for_panel_groups(
        full + (left > 0), [&]<int NP>(int p) __attribute__((always_inline)) {
          for (int c = 0; c < count * 16; ++c) {
            float* sums[NP];
            for (int j = 0; j < NP; ++j) sums[j] = p + j < full ? block(c, p + j) + c % 16 * 16 : rest + c * 16;
            ListChain<NP> chain;
            for (int j = 0; j < NP; ++j) chain.sum[j] = r == 0 ? Lanes::zero() : Lanes::load(sums[j]);
            chain.multiply(lists, c, g.x + p * g.x_stride + Stride{r} * 16, g.x_stride);
            for (int j = 0; j < NP; ++j) chain.sum[j].store(sums[j]);
          }
        });
    r = end;
  } while (r < g.rows);
  for (int c = 0; c < count * 16; c += 16) {
    for (int p = 0; p < full; ++p) transpose_block(block(c, p), 16, block(c, p), 16);
    if (left > 0) transpose_block(rest + c * 16, 16, block(c, full), left);
  }
}

#undef SOFTAC_INLINE

}  // namespace
}  // namespace softac
