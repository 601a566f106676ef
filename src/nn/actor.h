// The policy π(a|s) (docs/math.md E11): an MLP with 2A outputs, μ and raw log σ, and the Gaussian behind it.
#pragma once

#include <string>

#include "nn/mlp.h"

namespace softac {

// Samples of up to a fixed number of rows. Row-lane arrays: row r at [r·width, …), width = 16·⌈A/16⌉, unused lanes
// zero.
template <class T>
struct PolicySamples {
  Panels<T> head;  // (rows, 2A)
  T* eps;          // (rows, A) standard normals, written by the caller before the forward pass
  T* action;       // row-lane: a = tanh(u), or u for the plain Gaussian
  T* u;            // row-lane
  T* sigma;        // row-lane
  T* log_pi;       // (rows)
  int width;
  T* action_row(int r) const { return action + static_cast<std::ptrdiff_t>(r) * width; }
};

template <class T>
class Actor {
 public:
  Actor(int obs_dim, const std::vector<int>& hidden, Activation activation, const GaussianShape& shape,
        ParamLayout& layout)
      : net_("actor", {obs_dim, hidden, 2 * shape.act_dim, false, activation}, layout), shape_(shape) {}

  const Mlp<T>& net() const { return net_; }
  const GaussianShape& shape() const { return shape_; }

  PolicySamples<T> make_samples(Arena& arena, int rows) const {
    const int width = shape_.act_panels * kLanes;
    const auto values = static_cast<std::size_t>(rows) * static_cast<std::size_t>(width);
    // fill_normal writes whole pieces of 64, and the last row is read a whole lane row far.
    const auto noise = static_cast<std::size_t>(rows) * static_cast<std::size_t>(shape_.act_dim) + 64 +
                       static_cast<std::size_t>(width);
    return {arena.panels<T>(rows, 2 * shape_.act_dim),
            arena.take<T>(noise),
            arena.take<T>(values),
            arena.take<T>(values),
            arena.take<T>(values),
            arena.take<T>(static_cast<std::size_t>(rows)),
            width};
  }

  // x (count, O) → samples at rows sample_at …, from their eps; the tape's rows tape_at … are written.
  void forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const MlpTape<T>& tape, int tape_at,
               PolicySamples<T>& samples, int sample_at) const {
    const auto head = samples.head.rows_from(sample_at, x.rows);
    net_.forward(k, params, x, tape, tape_at, head);
    const std::ptrdiff_t at = std::ptrdiff_t{sample_at} * samples.width;
    k.gaussian_forward({shape_, head.data, head.panel_stride, samples.eps + std::ptrdiff_t{sample_at} * shape_.act_dim,
                        samples.action + at, samples.u + at, samples.sigma + at, samples.log_pi + sample_at},
                       0, x.rows);
  }

  // Further actions of the policy at `count` states whose head is at rows head_at …: samples at rows sample_at …, from
  // their eps.
  void resample(const KernelTable<T>& k, PolicySamples<T>& samples, int head_at, int sample_at, int count) const {
    const auto head = samples.head.rows_from(head_at, count);
    const std::ptrdiff_t at = std::ptrdiff_t{sample_at} * samples.width;
    k.gaussian_forward(
        {shape_, head.data, head.panel_stride, samples.eps + std::ptrdiff_t{sample_at} * shape_.act_dim,
         samples.action + at, samples.u + at, samples.sigma + at, samples.log_pi + sample_at},
        0, count);
  }

  // d_head (rows, 2A) and d_z of Σ_r [ d_log_pi · log π(a_r|s_r) + d_action_r · a_r ] for rows [first, first + count)
  // of samples, tape, d_action, d_head and d alike.
  void backward(const KernelTable<T>& k, const MlpTape<T>& tape, const MlpTransposes<T>& wt,
                const PolicySamples<T>& samples, const T* d_action, T d_log_pi, Panels<T> d_head,
                const MlpGradients<T>& d, int first, int count) const {
    const auto head = samples.head.rows_from(first, count), d_rows = d_head.rows_from(first, count);
    const std::ptrdiff_t at = std::ptrdiff_t{first} * samples.width;
    k.gaussian_backward({shape_, head.data, head.panel_stride, samples.eps + std::ptrdiff_t{first} * shape_.act_dim,
                         samples.u + at, samples.sigma + at, d_action + at, d_log_pi, d_rows.data, d_rows.panel_stride},
                        0, count);
    net_.backward(k, tape, first, wt, d_rows, d, first);
  }

 private:
  Mlp<T> net_;
  GaussianShape shape_;
};

}  // namespace softac
