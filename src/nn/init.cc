#include "nn/init.h"

#include <cmath>
#include <vector>

namespace softac {
namespace {

// f(i, o) → weight (o, i), output by output, and b(o) → its bias.
template <class T, class Weight, class Bias>
void fill_weights(const Slot& slot, int first, int count, T* params, Weight weight, Bias bias) {
  T* base = params + slot.offset;
  for (int o = first; o < first + count; ++o) {
    for (int i = 0; i < slot.in; ++i) base[slot.weight_index(o, i)] = static_cast<T>(weight(o - first, i));
    if (slot.has_bias) base[slot.bias_index(o)] = static_cast<T>(bias());
  }
}

double no_bias() {
  return 0.0;
}

double cut_normal(Rng& rng) {
  for (;;) {
    const double x = rng.normal();
    if (std::fabs(x) <= 2.0) return x;
  }
}

// Eight chains, so that the sum has one order and several terms at a time.
double inner_product(const double* a, const double* b, std::size_t n) {
  double sum[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t l = 0; l < 8; ++l) sum[l] += a[i + l] * b[i + l];
  }
  for (std::size_t l = 0; i < n; ++i, ++l) sum[l] += a[i] * b[i];
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

// `vectors` orthonormal vectors of `length` ≥ vectors numbers, one after the other: Gram–Schmidt, each twice, on
// Gaussian ones, so that every orientation is as likely.
std::vector<double> orthonormal(std::size_t vectors, std::size_t length, Rng& rng) {
  std::vector<double> out(vectors * length);
  for (std::size_t k = 0; k < vectors; ++k) {
    double* v = out.data() + k * length;
    for (std::size_t i = 0; i < length; ++i) v[i] = rng.normal();
    for (int round = 0; round < 2; ++round) {
      for (std::size_t j = 0; j < k; ++j) {
        const double* u = out.data() + j * length;
        const double along = inner_product(u, v, length);
        for (std::size_t i = 0; i < length; ++i) v[i] -= along * u[i];
      }
      const double norm = std::sqrt(inner_product(v, v, length));
      for (std::size_t i = 0; i < length; ++i) v[i] /= norm;
    }
  }
  return out;
}

}  // namespace

template <class T>
void init_weights(WeightInit rule, const Slot& slot, int first, int count, T* params, Rng& rng) {
  constexpr double kStdOfCut = 0.87962566103423978;
  const double in = slot.in, out = count;
  const auto uniform = [&](double bound) { return [&rng, bound](auto...) { return rng.uniform(-bound, bound); }; };
  const auto normal = [&](double std) { return [&rng, std](int, int) { return std / kStdOfCut * cut_normal(rng); }; };
  switch (rule) {
    case WeightInit::torch:
      return fill_weights(slot, first, count, params, uniform(1.0 / std::sqrt(in)), uniform(1.0 / std::sqrt(in)));
    case WeightInit::lecun_normal:
      return fill_weights(slot, first, count, params, normal(std::sqrt(1.0 / in)), no_bias);
    case WeightInit::he_normal:
      return fill_weights(slot, first, count, params, normal(std::sqrt(2.0 / in)), no_bias);
    case WeightInit::xavier_uniform:
      return fill_weights(slot, first, count, params, uniform(std::sqrt(6.0 / (in + out))), no_bias);
    case WeightInit::zero:
      return fill_weights(
          slot, first, count, params, [](int, int) { return 0.0; }, no_bias);
    case WeightInit::orthogonal:
    case WeightInit::orthogonal_sqrt2:
      break;
  }
  const double gain = rule == WeightInit::orthogonal ? 1.0 : std::sqrt(2.0);
  const bool rows = count <= slot.in;
  const std::size_t vectors = rows ? count : slot.in, length = rows ? slot.in : count;
  const std::vector<double> q = orthonormal(vectors, length, rng);
  fill_weights(
      slot, first, count, params,
      [&](std::size_t o, std::size_t i) { return gain * q[rows ? o * length + i : i * length + o]; }, no_bias);
}

template void init_weights(WeightInit, const Slot&, int, int, float*, Rng&);
template void init_weights(WeightInit, const Slot&, int, int, double*, Rng&);

}  // namespace softac
