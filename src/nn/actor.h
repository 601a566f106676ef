// The policy π(a|s) (docs/math.md E11): an MLP with 2A outputs, μ and raw log σ, and the Gaussian behind it; or with
// K·(2A + 1) outputs and a mixture of K Gaussians.
#pragma once

#include <cstring>
#include <string>

#include "nn/mixture_gaussian.h"
#include "nn/mlp.h"
#include "nn/policy_samples.h"

namespace softac {

template <class T>
class Actor {
 public:
  Actor(int obs_dim, const std::vector<int>& hidden, Activation activation, const GaussianShape& shape, int components,
        ParamLayout& layout)
      : net_("actor",
             {obs_dim, hidden, components == 1 ? 2 * shape.act_dim : components * (2 * shape.act_dim + 1), false,
              activation},
             layout),
        shape_(shape),
        mixture_(shape, components) {}

  const Mlp<T>& net() const { return net_; }
  const GaussianShape& shape() const { return shape_; }  // of one component
  const MixtureGaussian<T>& mixture() const { return mixture_; }
  int components() const { return mixture_.components(); }

  PolicySamples<T> make_samples(Arena& arena, int rows) const {
    const int width = shape_.act_panels * kLanes, parts = rows * components();
    const auto values = static_cast<std::size_t>(parts) * static_cast<std::size_t>(width);
    // fill_normal writes whole pieces of 64, and the last row is read a whole lane row far.
    const auto noise = static_cast<std::size_t>(parts) * static_cast<std::size_t>(shape_.act_dim) + 64 +
                       static_cast<std::size_t>(width);
    PolicySamples<T> out{arena.panels<T>(rows, net_.shape().out),
                         arena.take<T>(noise),
                         arena.take<T>(values),
                         arena.take<T>(values),
                         arena.take<T>(values),
                         arena.take<T>(static_cast<std::size_t>(rows)),
                         width,
                         rows,
                         components(),
                         nullptr,
                         nullptr};
    out.part_log_pi = out.log_pi;
    if (components() > 1) {
      out.part_log_pi = arena.take<T>(static_cast<std::size_t>(parts));
      out.weight = arena.take<T>(static_cast<std::size_t>(parts));
    }
    return out;
  }

  // x (count, O) → samples at rows sample_at …, from their eps; the tape's rows tape_at … are written.
  void forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const MlpTape<T>& tape, int tape_at,
               PolicySamples<T>& samples, int sample_at) const {
    const auto head = samples.head.rows_from(sample_at, x.rows);
    net_.forward(k, params, x, tape, tape_at, head);
    sample(k, head, samples, sample_at);
  }

  // Further actions of the policy at `count` states whose head is at rows head_at …: samples at rows sample_at …, from
  // their eps.
  void resample(const KernelTable<T>& k, PolicySamples<T>& samples, int head_at, int sample_at, int count) const {
    const auto from = samples.head.rows_from(head_at, count);
    if (components() == 1) return sample(k, from, samples, sample_at);
    const auto to = samples.head.rows_from(sample_at, count);
    for (int p = 0; p < num_panels(to.cols); ++p)
      std::memcpy(to.panel(p), from.panel(p), static_cast<std::size_t>(count) * kLanes * sizeof(T));
    sample(k, to, samples, sample_at);
  }

  // d_head (rows, 2A) and d_z of Σ_r [ d_log_pi · log π(a_r|s_r) + d_action_r · a_r ] for rows [first, first + count)
  // of samples, tape, d_action, d_head and d alike. K = 1.
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
  // The same for the mixture's loss; see MixtureGaussian::backward.
  void backward(const KernelTable<T>& k, const MlpTape<T>& tape, const MlpTransposes<T>& wt,
                const PolicySamples<T>& samples, const typename MixtureGaussian<T>::Backward& g,
                const MlpGradients<T>& d, int first, int count) const {
    mixture_.backward(samples, g, first, count);
    net_.backward(k, tape, first, wt, g.d_head.rows_from(first, count), d, first);
  }

 private:
  // Samples at rows sample_at … from `head`, which holds those rows' head.
  void sample(const KernelTable<T>& k, Panels<T> head, PolicySamples<T>& samples, int sample_at) const {
    if (components() > 1) return mixture_.sample(samples, sample_at, head.rows);
    const std::ptrdiff_t at = std::ptrdiff_t{sample_at} * samples.width;
    k.gaussian_forward({shape_, head.data, head.panel_stride, samples.eps + std::ptrdiff_t{sample_at} * shape_.act_dim,
                        samples.action + at, samples.u + at, samples.sigma + at, samples.log_pi + sample_at},
                       0, head.rows);
  }

  Mlp<T> net_;
  GaussianShape shape_;
  MixtureGaussian<T> mixture_;
};

}  // namespace softac
