// The operations of a backend as plain functions over a range of independent pieces of work, so that a thread pool may
// divide them in any way. Arguments are raw pointers: kernel files are compiled with their own instruction sets and
// must not instantiate shared inline code.
//
// The bits rule: every function below computes each of its results in the order that its comment gives; all backends
// give the same bits. "chain" is a sequence of fused multiply-adds into one accumulator; "lanes" is the 16-lane
// accumulation lane[i % 16] followed by the tree 16 → 8 → 4 → 2 → 1 that adds the upper half to the lower.
//
// Panels (softac/panels.h): element (r, c) at base[(c / 16)·stride + r·16 + c % 16].
#pragma once

#include <cstddef>
#include <cstdint>

#include "softac/choices.h"

namespace softac {

using Stride = std::ptrdiff_t;

// skip_zeros: the chains leave out the terms with a zero of x (LinearForward), of d_y (LinearBackwardInput and
// Weights). ReLU and its mask make zeros of half of the elements or more, so this is most of an update's work. Where
// the other factors are finite the sums are the same numbers.

// y = act(x W + b). Weight panels hold K + 1 rows, the last one the bias. Pieces: rows of x.
// y(r, c): chain over k = 0 … K−1 starting from the bias, then act. z keeps the value before act (null: not kept).
template <class T>
struct LinearForward {
  const T* x;  // panels (rows, K)
  Stride x_stride;
  const T* w;  // panels (K + 1, N)
  Stride w_stride;
  int k;
  int out_panels;
  T* y;  // panels (rows, N)
  Stride y_stride;
  T* z;  // panels (rows, N) or null; stride y_stride
  bool activate;
  Activation activation;
  bool skip_zeros = false;  // see above
};

// d_x = (d_y Wᵀ) · act'(x). Pieces: rows of d_y. d_x(r, c): chain over n = 0 … N−1 starting from +0, then the mask.
template <class T>
struct LinearBackwardInput {
  const T* d_y;  // panels (rows, N)
  Stride d_y_stride;
  const T* wt;  // panels (N, K): transposed weights
  Stride wt_stride;
  int n;
  int out_panels;
  const T* saved;  // panels (·, K): activation output, or its input for SiLU; null: no mask
  Stride saved_stride;
  const int* saved_rows;  // row r's mask is row saved_rows[r] of `saved`; null: row r
  Activation activation;
  T* d_x;  // panels (rows, K)
  Stride d_x_stride;
  bool skip_zeros = false;  // see above
};

// d_W = xᵀ d_y and d_b = column sums of d_y. Pieces: panels of 16 rows of d_W, and one more for d_b; with skip_zeros
// panels of 16 columns of both.
// d_W(k, n): chain over r = 0 … rows−1 starting from +0; d_b(n): sum over r in the same order.
template <class T>
struct LinearBackwardWeights {
  const T* x;  // panels (rows, K)
  Stride x_stride;
  const T* d_y;  // panels (rows, N)
  Stride d_y_stride;
  int rows;
  int k;
  int out_panels;
  T* d_w;  // panels (K + 1, N)
  Stride d_w_stride;
  bool skip_zeros = false;  // see above
};
constexpr int num_weight_pieces(int k, int out_panels, bool skip_zeros) {
  return skip_zeros ? out_panels : (k + 15) / 16 + 1;
}

// wt = (rows first … first + count − 1 of w)ᵀ. Pieces: panels of wt. Unused columns of the last panel are set to zero.
template <class T>
struct Transpose {
  const T* w;  // panels (·, N)
  Stride w_stride;
  int n;
  int first;
  int count;
  T* wt;  // panels (N, count)
  Stride wt_stride;
};

// One-column layer q = h·w + b, w stored as 16·panels values followed by b. Pieces: rows.
// q(r): lanes over k, then + b.
template <class T>
struct HeadForward {
  const T* h;  // panels (rows, K)
  Stride h_stride;
  int panels;
  const T* w;
  T* q;  // (rows)
};

// d_h(r, k) = (d_q(r) · w(k)) · act'(h(r, k)). Pieces: rows.
template <class T>
struct HeadBackwardInput {
  const T* d_q;  // (rows)
  const T* w;
  int panels;
  const T* saved;  // panels (·, K)
  Stride saved_stride;
  const int* saved_rows;  // as in LinearBackwardInput
  Activation activation;
  T* d_h;  // panels (rows, K)
  Stride d_h_stride;
};

// d_w(k): chain over rows from +0; d_b: sum over rows from +0. Pieces: panels, and one more for d_b.
template <class T>
struct HeadBackwardWeights {
  const T* h;  // panels (rows, K)
  Stride h_stride;
  const T* d_q;  // (rows)
  int rows;
  int panels;
  T* d_w;  // 16·panels values, then d_b
};

// LayerNorm over the d = cols features of a row, with y = act(γ·x̂ + β). w: γ as 16·⌈d/16⌉ values, then β as many,
// unused ones zero. Pieces: rows. Divisions by d and roots are correctly rounded; sums are over the columns 0 … d−1
// alone. RMSNorm is the same without centring: mean = 0, and m = 0 in the backward pass.
//   mean = (lanes of x)/d,  v = (lanes of fma(x − mean, x − mean, ·))/d,  inv_std = 1/√(v + eps),
//   x̂ = (x − mean)·inv_std,  z = fma(γ, x̂, β),  y = act(z).
// Unused columns of x_hat, y and z are set to zero. x_hat may be x. eps > 0.
template <class T>
struct LayerNormForward {
  const T* x;  // panels (rows, d)
  Stride x_stride;
  const T* w;
  int cols;  // d
  T eps;
  T* x_hat;    // panels (rows, d), stride y_stride
  T* inv_std;  // (rows)
  T* y;        // panels (rows, d)
  Stride y_stride;
  T* z;  // panels (rows, d) or null: not kept; stride y_stride
  bool activate;
  Activation activation;
  bool centred = true;
};

// d_x from d_z. Pieces: rows. Sums, divisions and unused columns as above; g = d_z·γ.
//   m = (lanes of g)/d,  n = (lanes of fma(g, x̂, ·))/d,  d_x = (fma(x̂, 0 − n, g − m)·inv_std) · act'(saved).
// d_x may be d_z.
template <class T>
struct LayerNormBackwardInput {
  const T* d_z;  // panels (rows, d)
  Stride d_z_stride;
  const T* w;      // as in LayerNormForward
  int cols;        // d
  const T* x_hat;  // panels (·, d)
  Stride x_hat_stride;
  const T* inv_std;
  const int* tape_rows;  // row r's x̂, inv_std and saved are those of row tape_rows[r]; null: row r
  const T* saved;        // panels (·, d): output of the activation that made x, or its input for SiLU; null: no mask
  Stride saved_stride;
  Activation activation;
  T* d_x;  // panels (rows, d)
  Stride d_x_stride;
  bool centred = true;
};

// d_γ(k): chain of d_z·x̂ over rows from +0; d_β(k): sum of d_z over rows from +0. Pieces: panels.
template <class T>
struct LayerNormBackwardWeights {
  const T* d_z;  // panels (rows, d)
  Stride d_z_stride;
  const T* x_hat;  // panels (rows, d)
  Stride x_hat_stride;
  int rows;
  int panels;  // ⌈d/16⌉
  T* d_w;      // 16·panels values of d_γ, then as many of d_β
};

// Mean and biased variance of each column over all rows, as chains over the rows from +0. Pieces: panels. Unused
// columns of the last panel get mean and variance 0.
//   mean = (sum of x)/rows,  v = (chain of fma(x − mean, x − mean, ·))/rows.
template <class T>
struct ColumnMoments {
  const T* x;  // panels (rows, cols)
  Stride x_stride;
  int rows;
  int cols;
  T* mean;      // (16·⌈cols/16⌉)
  T* variance;  // (16·⌈cols/16⌉)
};

// BatchNorm and BatchRenorm by statistics of the columns that are known; (16·⌈d/16⌉) values of each, w as in
// LayerNormForward. Pieces: rows.
//   x̂ = (x − mean)·inv_std,  z = fma(γ, fma(x̂, scale, shift), β),  y = act(z).
// Unused columns of x_hat, y and z are set to zero.
template <class T>
struct BatchNormForward {
  const T* x;  // panels (rows, d)
  Stride x_stride;
  const T* w;
  int cols;  // d
  const T *mean, *inv_std, *scale, *shift;
  T* x_hat;  // panels (rows, d), stride y_stride
  T* y;      // panels (rows, d)
  Stride y_stride;
  T* z;  // panels (rows, d) or null: not kept; stride y_stride
  bool activate;
  Activation activation;
};

// d_x from d_z, by the means over the rows that go through the statistics: grad_mean of g and slope = 0 − mean of g·x̂,
// both 0 where mean and inv_std were constants. Pieces: rows.
//   g = d_z·(γ·scale),  d_x = (fma(x̂, slope, g − grad_mean)·inv_std) · act'(saved).
template <class T>
struct BatchNormBackwardInput {
  const T* d_z;  // panels (rows, d)
  Stride d_z_stride;
  const T* w;
  int cols;  // d
  const T *inv_std, *scale, *grad_mean, *slope;
  const T* x_hat;  // panels (·, d)
  Stride x_hat_stride;
  const int* tape_rows;  // as in LayerNormBackwardInput
  const T* saved;        // the same
  Stride saved_stride;
  Activation activation;
  T* d_x;  // panels (rows, d)
  Stride d_x_stride;
};

// E11. Row-lane arrays hold row r at [r·16·act_panels, …), act_panels = ⌈A/16⌉; unused lanes are zero.
struct GaussianShape {
  int act_dim;
  int act_panels;
  int head_panels;  // ⌈2A/16⌉
  bool squash;
  bool tanh_rule;  // log σ by the tanh map, else by clamping
  double log_std_min;
  double log_std_max;
};

// Pieces: rows. log_pi(r): lanes over the actions' terms.
template <class T>
struct GaussianForward {
  GaussianShape shape;
  const T* head;  // panels (rows, 2A): μ in the first A columns, raw log σ in the next
  Stride head_stride;
  const T* eps;  // (rows, A) row-major, readable 16·act_panels past the last row
  T* action;     // row-lane: tanh(u), or u for the plain Gaussian
  T* u;          // row-lane
  T* sigma;      // row-lane
  T* log_pi;     // (rows)
};

// d_head from d_action (row-lane) and d_log_pi (one number for every row). Pieces: rows.
template <class T>
struct GaussianBackward {
  GaussianShape shape;
  const T* head;
  Stride head_stride;
  const T* eps;
  const T* u;
  const T* sigma;
  const T* d_action;  // row-lane
  T d_log_pi;
  T* d_head;  // panels (rows, 2A)
  Stride d_head_stride;
};

// The softmax of rows of n = cols logits, and the mean of n numbers z under it. Pieces: rows. Row-lane arrays hold row
// r at [r·16·⌈n/16⌉, …). With top the largest logit of the row and e(c) = exp(x(c) − top):
//   sum = lanes of e,  p(c) = e(c)/sum,  mean = (lanes of fma(e, z, ·))/sum,  log_sum = top + log(sum).
// Unused columns of p are set to zero. n ≥ 1.
template <class T>
struct SoftmaxMean {
  const T* x;  // panels (rows, n)
  Stride x_stride;
  int cols;    // n
  const T* z;  // 16·⌈n/16⌉ values, zeros behind n
  T* p;        // row-lane
  T* mean;     // (rows)
  T* log_sum;  // (rows): log Σ exp(x)
};

// Adam (arXiv 1412.6980) with the bias corrections folded into step and root_scale; optionally E12 in the same pass,
// and AdamW's decay (arXiv 1711.05101).
//   m ← fma(β1, m, (1−β1)·(c·g)), v ← fma(β2, v, (1−β2)·((c·g)·(c·g))), with decay p ← fma(0 − rate·decay, p, p),
//   p ← p − step·(m / fma(√v, root_scale, ε)), t ← fma(τ, p, (1−τ)·t).        Element by element.
template <class T>
struct Adam {
  T* p;
  const T* g;
  T* m;
  T* v;
  T* target;  // null: no Polyak step
  T clip;     // c: factor on the gradient
  T beta1, one_minus_beta1, beta2, one_minus_beta2;
  T step, root_scale, eps;
  T tau, one_minus_tau;
  const T* decay = nullptr;  // of each element 1 where it decays, else 0; null: none does (the same bits as 0)
  T decay_rate = T(0);       // learning rate · λ
};

// Standard normals, 4·16 values per piece: piece i takes the Philox blocks first_block + 16·i + lane (lane = 0 … 15),
// words (w0, w1) give values i·64 + lane and + 16, (w2, w3) + 32 and + 48, by Box–Muller.
template <class T>
struct FillNormal {
  std::uint64_t seed;
  std::uint64_t stream;
  std::uint64_t first_block;
  T* out;
};

inline constexpr int kBlock = 4096;  // values per piece of the flat passes

template <class T>
struct KernelTable {
  const char* name;
  void (*linear_forward)(const LinearForward<T>&, int first_row, int last_row);
  void (*linear_backward_input)(const LinearBackwardInput<T>&, int first_row, int last_row);
  void (*linear_backward_weights)(const LinearBackwardWeights<T>&, int first_piece, int last_piece);
  void (*transpose)(const Transpose<T>&, int first_panel, int last_panel);
  void (*head_forward)(const HeadForward<T>&, int first_row, int last_row);
  void (*head_backward_input)(const HeadBackwardInput<T>&, int first_row, int last_row);
  void (*head_backward_weights)(const HeadBackwardWeights<T>&, int first_panel, int last_panel);
  void (*layer_norm_forward)(const LayerNormForward<T>&, int first_row, int last_row);
  void (*layer_norm_backward_input)(const LayerNormBackwardInput<T>&, int first_row, int last_row);
  void (*layer_norm_backward_weights)(const LayerNormBackwardWeights<T>&, int first_panel, int last_panel);
  void (*column_moments)(const ColumnMoments<T>&, int first_panel, int last_panel);
  void (*batch_norm_forward)(const BatchNormForward<T>&, int first_row, int last_row);
  void (*batch_norm_backward_input)(const BatchNormBackwardInput<T>&, int first_row, int last_row);
  void (*gaussian_forward)(const GaussianForward<T>&, int first_row, int last_row);
  void (*gaussian_backward)(const GaussianBackward<T>&, int first_row, int last_row);
  void (*softmax_mean)(const SoftmaxMean<T>&, int first_row, int last_row);
  // Elements [first, last), multiples of 16. Returns whether every updated p and v is finite.
  bool (*adam)(const Adam<T>&, std::int64_t first, std::int64_t last);
  void (*polyak)(const T* p, T* target, std::int64_t size, T tau, T one_minus_tau, int block);
  // lanes over one block's squares.
  T (*sum_squares)(const T* x, std::int64_t size, int block);
  void (*fill_normal)(const FillNormal<T>&, int first_piece, int last_piece);
  // For `softac bench`: independent chains x ← fma(x, io[0], io[1]) in registers of this table's width, `steps` long
  // each. Returns the floating-point operations done (2 per multiply-add); the chains' sum goes to io[2].
  std::int64_t (*fma_probe)(std::int64_t steps, T* io);
};

// The tables that this build holds; null where the instruction set is not compiled in.
const KernelTable<float>* reference_table_float();
const KernelTable<double>* reference_table_double();
const KernelTable<float>* portable_table();
const KernelTable<float>* avx2_table();
const KernelTable<float>* avx512_table();

}  // namespace softac
