// The policy's distribution for one action component per lane (docs/math.md E11), over any lane type.
//   u = μ + σ·ε, a = tanh(u) (or u),
//   log π = −½ε² − log σ − ½ log 2π − 2·(log 2 − |u| − log1p(e^(−2|u|)))       (last term with tanh only; even in u)
#pragma once

#include "base/elementary.h"
#include "math/kernel_table.h"

namespace softac {

template <class V>
struct GaussianConstants {
  using T = typename V::value_type;
  bool squash, tanh_rule;
  V low, high, half_range;
  explicit GaussianConstants(const GaussianShape& shape)
      : squash(shape.squash),
        tanh_rule(shape.tanh_rule),
        low(static_cast<T>(shape.log_std_min)),
        high(static_cast<T>(shape.log_std_max)),
        half_range(static_cast<T>(0.5 * (shape.log_std_max - shape.log_std_min))) {}
};

// log σ from the head's raw value: clamped, or mapped onto the bounds by tanh.
template <class V>
inline V bounded_log_sigma(const GaussianConstants<V>& c, V raw) {
  return c.tanh_rule ? fma(c.half_range, elementary::tanh(raw) + V(typename V::value_type(1)), c.low)
                     : min_(c.high, max_(c.low, raw));
}

// ½ log da/du = log 2 − |u| − log1p(e^(−2|u|)) of a = tanh u.
template <class V>
inline V half_log_slope(V u) {
  using T = typename V::value_type;
  const V size = abs_(u);
  return V(T(0.69314718055994530942)) - size - elementary::log1p(elementary::exp(V(T(-2)) * size));
}

constexpr double kHalfLogTwoPi = 0.91893853320467274178;

template <class V>
struct GaussianSample {
  V action, u, sigma, log_pi;
};

template <class V>
inline GaussianSample<V> gaussian_sample(const GaussianConstants<V>& c, V mu, V raw, V eps) {
  using T = typename V::value_type;
  const V log_sigma = bounded_log_sigma(c, raw);
  GaussianSample<V> out;
  out.sigma = elementary::exp(log_sigma);
  out.u = fma(out.sigma, eps, mu);
  out.log_pi = fma(V(T(-0.5)) * eps, eps, V(T(-kHalfLogTwoPi)) - log_sigma);
  if (!c.squash) {
    out.action = out.u;
    return out;
  }
  out.action = elementary::tanh(out.u);
  out.log_pi = fma(V(T(-2)), half_log_slope(out.u), out.log_pi);
  return out;
}

// da/du = 4e/(1 + e)², e = e^(−2|u|), of a = tanh u.
template <class V>
inline V tanh_slope(V u) {
  using T = typename V::value_type;
  const V e = elementary::exp(V(T(-2)) * abs_(u));
  const V one_plus = V(T(1)) + e;
  return (V(T(4)) * e) / (one_plus * one_plus);
}

// The gradient of raw log σ from that of log σ. The clamp passes it on its closed interval, as torch.clamp does.
template <class V>
inline V raw_gradient(const GaussianConstants<V>& c, V raw, V d_log_sigma) {
  const V zero(typename V::value_type(0));
  if (c.tanh_rule) {
    const V t = elementary::tanh(raw);
    return d_log_sigma * (c.half_range * fma(zero - t, t, V(typename V::value_type(1))));
  }
  return select(less(raw, c.low), zero, select(less(c.high, raw), zero, d_log_sigma));
}

template <class V>
struct GaussianGradient {
  V d_mu, d_raw;
};

// u = fma(σ, ε, μ):  d_μ = d_u, d_σ = d_u·ε.   ∂ log π/∂u = 2 tanh u (tanh only), ∂ log π/∂ log σ = −1.
template <class V>
inline GaussianGradient<V> gaussian_gradient(const GaussianConstants<V>& c, V raw, V eps, V u, V sigma, V d_action,
                                             V d_log_pi) {
  using T = typename V::value_type;
  V d_u = d_action;
  if (c.squash) d_u = fma(d_action, tanh_slope(u), d_log_pi * (V(T(2)) * elementary::tanh(u)));
  GaussianGradient<V> out;
  out.d_mu = d_u;
  out.d_raw = raw_gradient(c, raw, fma(d_u, sigma * eps, V(T(0)) - d_log_pi));
  return out;
}

}  // namespace softac
