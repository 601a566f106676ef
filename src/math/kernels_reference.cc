// The specification of every kernel: plain loops over single elements, in float and in double.
#include <algorithm>
#include <cmath>

#include "base/elementary.h"
#include "math/activation.h"
#include "math/gaussian_lanes.h"
#include "math/kernel_table.h"
#include "math/lane_tree.h"
#include "softac/panels.h"
#include "softac/rng.h"

namespace softac {
namespace {

using elementary::Scalar;

template <class T>
T at(const T* base, Stride stride, int r, int c) {
  return base[(c / kLanes) * stride + r * kLanes + c % kLanes];
}
template <class T>
T& put(T* base, Stride stride, int r, int c) {
  return base[(c / kLanes) * stride + r * kLanes + c % kLanes];
}

template <class T>
void linear_forward(const LinearForward<T>& a, int first, int last) {
  for (int r = first; r < last; ++r) {
    for (int c = 0; c < a.out_panels * kLanes; ++c) {
      T sum = at(a.w, a.w_stride, a.k, c);
      for (int k = 0; k < a.k; ++k) {
        const T x = at(a.x, a.x_stride, r, k);
        if (!a.skip_zeros || x != 0) sum = std::fma(x, at(a.w, a.w_stride, k, c), sum);
      }
      if (a.z) put(a.z, a.y_stride, r, c) = sum;
      put(a.y, a.y_stride, r, c) = a.activate ? activate(a.activation, Scalar<T>(sum)).v : sum;
    }
  }
}

template <class T>
void linear_backward_input(const LinearBackwardInput<T>& a, int first, int last) {
  for (int r = first; r < last; ++r) {
    for (int c = 0; c < a.out_panels * kLanes; ++c) {
      T sum = 0;
      for (int n = 0; n < a.n; ++n) {
        const T d_y = at(a.d_y, a.d_y_stride, r, n);
        if (!a.skip_zeros || d_y != 0) sum = std::fma(d_y, at(a.wt, a.wt_stride, n, c), sum);
      }
      if (a.saved) {
        const int row = a.saved_rows ? a.saved_rows[r] : r;
        sum = mask(a.activation, Scalar<T>(sum), Scalar<T>(at(a.saved, a.saved_stride, row, c))).v;
      }
      put(a.d_x, a.d_x_stride, r, c) = sum;
    }
  }
}

template <class T>
void linear_backward_weights(const LinearBackwardWeights<T>& a, int first, int last) {
  const auto weight = [&](int k, int c) {
    T sum = 0;
    for (int r = 0; r < a.rows; ++r) {
      const T d_y = at(a.d_y, a.d_y_stride, r, c);
      if (!a.skip_zeros || d_y != 0) sum = std::fma(at(a.x, a.x_stride, r, k), d_y, sum);
    }
    put(a.d_w, a.d_w_stride, k, c) = sum;
  };
  const auto bias = [&](int c) {
    T sum = 0;
    for (int r = 0; r < a.rows; ++r) sum = sum + at(a.d_y, a.d_y_stride, r, c);
    put(a.d_w, a.d_w_stride, a.k, c) = sum;
  };
  for (int piece = first; piece < last; ++piece) {
    const bool biases = a.skip_zeros || piece * kLanes >= a.k, weights = a.skip_zeros || !biases;
    const int first_column = a.skip_zeros ? piece * kLanes : 0;
    const int last_column = a.skip_zeros ? first_column + kLanes : a.out_panels * kLanes;
    const int first_row = a.skip_zeros ? 0 : piece * kLanes;
    const int last_row = a.skip_zeros ? a.k : std::min(first_row + kLanes, a.k);
    for (int c = first_column; c < last_column; ++c) {
      for (int k = first_row; weights && k < last_row; ++k) weight(k, c);
      if (biases) bias(c);
    }
  }
}

template <class T>
void transpose(const Transpose<T>& a, int first, int last) {
  for (int c = first * kLanes; c < last * kLanes; ++c) {
    for (int n = 0; n < a.n; ++n)
      put(a.wt, a.wt_stride, n, c) = c < a.count ? at(a.w, a.w_stride, a.first + c, n) : T(0);
  }
}

template <class T>
void head_forward(const HeadForward<T>& a, int first, int last) {
  for (int r = first; r < last; ++r) {
    T lanes[kLanes] = {};
    for (int k = 0; k < a.panels * kLanes; ++k) {
      lanes[k % kLanes] = std::fma(at(a.h, a.h_stride, r, k), a.w[k], lanes[k % kLanes]);
    }
    a.q[r] = lane_tree(lanes) + a.w[a.panels * kLanes];
  }
}

template <class T>
void head_backward_input(const HeadBackwardInput<T>& a, int first, int last) {
  for (int r = first; r < last; ++r) {
    for (int k = 0; k < a.panels * kLanes; ++k) {
      const Scalar<T> d_h(a.d_q[r] * a.w[k]);
      const int row = a.saved_rows ? a.saved_rows[r] : r;
      put(a.d_h, a.d_h_stride, r, k) = mask(a.activation, d_h, Scalar<T>(at(a.saved, a.saved_stride, row, k))).v;
    }
  }
}

template <class T>
void head_backward_weights(const HeadBackwardWeights<T>& a, int first, int last) {
  for (int k = first * kLanes; k < std::min(last, a.panels) * kLanes; ++k) {
    T sum = 0;
    for (int r = 0; r < a.rows; ++r) sum = std::fma(at(a.h, a.h_stride, r, k), a.d_q[r], sum);
    a.d_w[k] = sum;
  }
  if (last > a.panels) {
    T sum = 0;
    for (int r = 0; r < a.rows; ++r) sum = sum + a.d_q[r];
    a.d_w[a.panels * kLanes] = sum;
  }
}

template <class T>
void layer_norm_forward(const LayerNormForward<T>& a, int first, int last) {
  const int width = num_panels(a.cols) * kLanes;
  const T d = static_cast<T>(a.cols);
  for (int r = first; r < last; ++r) {
    T lanes[kLanes] = {}, squares[kLanes] = {};
    for (int c = 0; c < a.cols; ++c) lanes[c % kLanes] = lanes[c % kLanes] + at(a.x, a.x_stride, r, c);
    const T mean = a.centred ? lane_tree(lanes) / d : T(0);
    for (int c = 0; c < a.cols; ++c) {
      const T off = at(a.x, a.x_stride, r, c) - mean;
      squares[c % kLanes] = std::fma(off, off, squares[c % kLanes]);
    }
    const T inv_std = T(1) / std::sqrt(lane_tree(squares) / d + a.eps);
    a.inv_std[r] = inv_std;
    for (int c = 0; c < width; ++c) {
      T x_hat = 0, z = 0, y = 0;
      if (c < a.cols) {
        x_hat = (at(a.x, a.x_stride, r, c) - mean) * inv_std;
        z = std::fma(a.w[c], x_hat, a.w[width + c]);
        y = a.activate ? activate(a.activation, Scalar<T>(z)).v : z;
      }
      put(a.x_hat, a.y_stride, r, c) = x_hat;
      if (a.z) put(a.z, a.y_stride, r, c) = z;
      put(a.y, a.y_stride, r, c) = y;
    }
  }
}

template <class T>
void layer_norm_backward_input(const LayerNormBackwardInput<T>& a, int first, int last) {
  const int width = num_panels(a.cols) * kLanes;
  const T d = static_cast<T>(a.cols);
  for (int r = first; r < last; ++r) {
    const int row = a.tape_rows ? a.tape_rows[r] : r;
    T sums[kLanes] = {}, products[kLanes] = {};
    for (int c = 0; c < a.cols; ++c) {
      const T g = at(a.d_z, a.d_z_stride, r, c) * a.w[c];
      sums[c % kLanes] = sums[c % kLanes] + g;
      products[c % kLanes] = std::fma(g, at(a.x_hat, a.x_hat_stride, row, c), products[c % kLanes]);
    }
    const T mean = a.centred ? lane_tree(sums) / d : T(0), slope = T(0) - lane_tree(products) / d;
    for (int c = 0; c < width; ++c) {
      T d_x = 0;
      if (c < a.cols) {
        const T g = at(a.d_z, a.d_z_stride, r, c) * a.w[c];
        d_x = std::fma(at(a.x_hat, a.x_hat_stride, row, c), slope, g - mean) * a.inv_std[row];
        if (a.saved) d_x = mask(a.activation, Scalar<T>(d_x), Scalar<T>(at(a.saved, a.saved_stride, row, c))).v;
      }
      put(a.d_x, a.d_x_stride, r, c) = d_x;
    }
  }
}

template <class T>
void layer_norm_backward_weights(const LayerNormBackwardWeights<T>& a, int first, int last) {
  for (int k = first * kLanes; k < last * kLanes; ++k) {
    T gamma = 0, beta = 0;
    for (int r = 0; r < a.rows; ++r) {
      const T d_z = at(a.d_z, a.d_z_stride, r, k);
      gamma = std::fma(d_z, at(a.x_hat, a.x_hat_stride, r, k), gamma);
      beta = beta + d_z;
    }
    a.d_w[k] = gamma;
    a.d_w[a.panels * kLanes + k] = beta;
  }
}

template <class T>
void column_moments(const ColumnMoments<T>& a, int first, int last) {
  const T rows = static_cast<T>(a.rows);
  for (int c = first * kLanes; c < last * kLanes; ++c) {
    T sum = 0, squares = 0;
    for (int r = 0; r < a.rows && c < a.cols; ++r) sum = sum + at(a.x, a.x_stride, r, c);
    const T mean = sum / rows;
    for (int r = 0; r < a.rows && c < a.cols; ++r) {
      const T off = at(a.x, a.x_stride, r, c) - mean;
      squares = std::fma(off, off, squares);
    }
    a.mean[c] = mean;
    a.variance[c] = squares / rows;
  }
}

template <class T>
void batch_norm_forward(const BatchNormForward<T>& a, int first, int last) {
  const int width = num_panels(a.cols) * kLanes;
  for (int r = first; r < last; ++r) {
    for (int c = 0; c < width; ++c) {
      T x_hat = 0, z = 0, y = 0;
      if (c < a.cols) {
        x_hat = (at(a.x, a.x_stride, r, c) - a.mean[c]) * a.inv_std[c];
        z = std::fma(a.w[c], std::fma(x_hat, a.scale[c], a.shift[c]), a.w[width + c]);
        y = a.activate ? activate(a.activation, Scalar<T>(z)).v : z;
      }
      put(a.x_hat, a.y_stride, r, c) = x_hat;
      if (a.z) put(a.z, a.y_stride, r, c) = z;
      put(a.y, a.y_stride, r, c) = y;
    }
  }
}

template <class T>
void batch_norm_backward_input(const BatchNormBackwardInput<T>& a, int first, int last) {
  const int width = num_panels(a.cols) * kLanes;
  for (int r = first; r < last; ++r) {
    const int row = a.tape_rows ? a.tape_rows[r] : r;
    for (int c = 0; c < width; ++c) {
      T d_x = 0;
      if (c < a.cols) {
        const T g = at(a.d_z, a.d_z_stride, r, c) * (a.w[c] * a.scale[c]);
        d_x = std::fma(at(a.x_hat, a.x_hat_stride, row, c), a.slope[c], g - a.grad_mean[c]) * a.inv_std[c];
        if (a.saved) d_x = mask(a.activation, Scalar<T>(d_x), Scalar<T>(at(a.saved, a.saved_stride, row, c))).v;
      }
      put(a.d_x, a.d_x_stride, r, c) = d_x;
    }
  }
}

template <class T>
void gaussian_forward(const GaussianForward<T>& a, int first, int last) {
  const int width = a.shape.act_panels * kLanes;
  const GaussianConstants<Scalar<T>> constants(a.shape);
  for (int r = first; r < last; ++r) {
    T lanes[kLanes] = {};
    for (int k = 0; k < width; ++k) {
      const Stride i = static_cast<Stride>(r) * width + k;
      if (k >= a.shape.act_dim) {
        a.action[i] = a.u[i] = a.sigma[i] = 0;
        continue;
      }
      const Scalar<T> mu(at(a.head, a.head_stride, r, k));
      const Scalar<T> raw(at(a.head, a.head_stride, r, a.shape.act_dim + k));
      const Scalar<T> eps(a.eps[static_cast<Stride>(r) * a.shape.act_dim + k]);
      const auto out = gaussian_sample(constants, mu, raw, eps);
      a.action[i] = out.action.v;
      a.u[i] = out.u.v;
      a.sigma[i] = out.sigma.v;
      lanes[k % kLanes] = lanes[k % kLanes] + out.log_pi.v;
    }
    a.log_pi[r] = lane_tree(lanes);
  }
}

template <class T>
void gaussian_backward(const GaussianBackward<T>& a, int first, int last) {
  const int width = a.shape.act_panels * kLanes;
  const GaussianConstants<Scalar<T>> constants(a.shape);
  for (int r = first; r < last; ++r) {
    for (int c = 2 * a.shape.act_dim; c < a.shape.head_panels * kLanes; ++c) put(a.d_head, a.d_head_stride, r, c) = 0;
    for (int k = 0; k < a.shape.act_dim; ++k) {
      const Stride i = static_cast<Stride>(r) * width + k;
      const Scalar<T> raw(at(a.head, a.head_stride, r, a.shape.act_dim + k));
      const Scalar<T> eps(a.eps[static_cast<Stride>(r) * a.shape.act_dim + k]);
      const auto out = gaussian_gradient(constants, raw, eps, Scalar<T>(a.u[i]), Scalar<T>(a.sigma[i]),
                                         Scalar<T>(a.d_action[i]), Scalar<T>(a.d_log_pi));
      put(a.d_head, a.d_head_stride, r, k) = out.d_mu.v;
      put(a.d_head, a.d_head_stride, r, a.shape.act_dim + k) = out.d_raw.v;
    }
  }
}

template <class T>
void softmax_mean(const SoftmaxMean<T>& a, int first, int last) {
  const int width = num_panels(a.cols) * kLanes;
  for (int r = first; r < last; ++r) {
    T top = at(a.x, a.x_stride, r, 0);
    for (int c = 1; c < a.cols; ++c) top = std::max(top, at(a.x, a.x_stride, r, c));
    T sums[kLanes] = {}, moments[kLanes] = {};
    T* p = a.p + static_cast<Stride>(r) * width;
    for (int c = 0; c < width; ++c) {
      p[c] = c < a.cols ? elementary::exp(Scalar<T>(at(a.x, a.x_stride, r, c) - top)).v : T(0);
      if (c >= a.cols) continue;
      sums[c % kLanes] = sums[c % kLanes] + p[c];
      moments[c % kLanes] = std::fma(p[c], a.z[c], moments[c % kLanes]);
    }
    const T sum = lane_tree(sums);
    for (int c = 0; c < a.cols; ++c) p[c] = p[c] / sum;
    a.mean[r] = lane_tree(moments) / sum;
    a.log_sum[r] = top + elementary::log(Scalar<T>(sum)).v;
  }
}

template <class T>
bool adam(const Adam<T>& a, std::int64_t first, std::int64_t last) {
  bool finite = true;
  for (std::int64_t i = first; i < last; ++i) {
    const T g = a.clip * a.g[i];
    a.m[i] = std::fma(a.beta1, a.m[i], a.one_minus_beta1 * g);
    a.v[i] = std::fma(a.beta2, a.v[i], a.one_minus_beta2 * (g * g));
    if (a.decay) a.p[i] = std::fma(T(0) - a.decay_rate * a.decay[i], a.p[i], a.p[i]);
    a.p[i] = a.p[i] - a.step * (a.m[i] / std::fma(std::sqrt(a.v[i]), a.root_scale, a.eps));
    if (a.target) a.target[i] = std::fma(a.tau, a.p[i], a.one_minus_tau * a.target[i]);
    finite = finite && std::isfinite(a.p[i]) && std::isfinite(a.v[i]);
  }
  return finite;
}

template <class T>
void polyak(const T* p, T* target, std::int64_t size, T tau, T one_minus_tau, int block) {
  const std::int64_t end = std::min<std::int64_t>(size, (block + std::int64_t{1}) * kBlock);
  for (std::int64_t i = std::int64_t{block} * kBlock; i < end; ++i)
    target[i] = std::fma(tau, p[i], one_minus_tau * target[i]);
}

template <class T>
T sum_squares(const T* x, std::int64_t size, int block) {
  const std::int64_t end = std::min<std::int64_t>(size, (block + std::int64_t{1}) * kBlock);
  T lanes[kLanes] = {};
  for (std::int64_t i = std::int64_t{block} * kBlock; i < end; ++i)
    lanes[i % kLanes] = std::fma(x[i], x[i], lanes[i % kLanes]);
  return lane_tree(lanes);
}

// Two standard normals from two words: the upper 24 bits of each.
template <class T>
void box_muller(std::uint32_t word0, std::uint32_t word1, T& first, T& second) {
  const Scalar<T> u(static_cast<T>((word0 >> 8) + 1) * T(0x1p-24));
  const Scalar<T> turn(static_cast<T>(word1 >> 8) * T(0x1p-24));
  Scalar<T> sine, cosine;
  elementary::sincos_turn(turn, sine, cosine);
  const Scalar<T> radius = sqrt_(Scalar<T>(T(-2)) * elementary::log(u));
  first = (radius * cosine).v;
  second = (radius * sine).v;
}

template <class T>
void fill_normal(const FillNormal<T>& a, int first, int last) {
  for (int piece = first; piece < last; ++piece) {
    T* out = a.out + std::int64_t{piece} * 4 * kLanes;
    for (int lane = 0; lane < kLanes; ++lane) {
      const auto w = philox4x32(a.seed, a.stream, a.first_block + static_cast<std::uint64_t>(piece) * kLanes + lane);
      box_muller(w[0], w[1], out[lane], out[kLanes + lane]);
      box_muller(w[2], w[3], out[2 * kLanes + lane], out[3 * kLanes + lane]);
    }
  }
}

template <class T>
std::int64_t fma_probe(std::int64_t steps, T* io) {
  T chain = 1;
  for (std::int64_t i = 0; i < steps; ++i) chain = std::fma(chain, io[0], io[1]);
  io[2] = chain;
  return 2 * steps;
}

template <class T>
constexpr KernelTable<T> kReference = {
    "reference",
    linear_forward<T>,
    linear_backward_input<T>,
    linear_backward_weights<T>,
    transpose<T>,
    head_forward<T>,
    head_backward_input<T>,
    head_backward_weights<T>,
    layer_norm_forward<T>,
    layer_norm_backward_input<T>,
    layer_norm_backward_weights<T>,
    column_moments<T>,
    batch_norm_forward<T>,
    batch_norm_backward_input<T>,
    gaussian_forward<T>,
    gaussian_backward<T>,
    softmax_mean<T>,
    adam<T>,
    polyak<T>,
    sum_squares<T>,
    fill_normal<T>,
    fma_probe<T>,
};

}  // namespace

const KernelTable<float>* reference_table_float() {
  return &kReference<float>;
}
const KernelTable<double>* reference_table_double() {
  return &kReference<double>;
}

}  // namespace softac
