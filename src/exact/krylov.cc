#include "exact/krylov.h"

#include <cmath>

namespace softac::exact {

std::int64_t Krylov::solve(const double* pi, const std::vector<double>& b, std::vector<double>& x, double reduction,
                           std::int64_t max_products) {
  const std::size_t n = b.size();
  x.assign(n, 0.0);
  r_ = r0_ = p_ = b;
  v_.assign(n, 0.0);
  t_.assign(n, 0.0);
  const auto update = [&](auto&& body) {
    bellman_.for_blocks([&](int, std::int64_t first, std::int64_t end) {
      for (std::size_t i = first; i < static_cast<std::size_t>(end); ++i) body(i);
    });
  };
  double rho = bellman_.dot(r_.data(), r_.data());
  const double goal = reduction * reduction * rho;
  std::int64_t products = 0;
  if (!(rho > 0.0)) return products;
  while (products < max_products) {
    bellman_.residual_operator(pi, p_.data(), v_.data());
    const double r0v = bellman_.dot(r0_.data(), v_.data());
    if (r0v == 0.0) break;
    const double alpha = rho / r0v;
    update([&](std::size_t i) { r_[i] -= alpha * v_[i]; });
    bellman_.residual_operator(pi, r_.data(), t_.data());
    products += 2;
    const double tt = bellman_.dot(t_.data(), t_.data());
    const double omega = tt > 0.0 ? bellman_.dot(t_.data(), r_.data()) / tt : 0.0;
    if (!std::isfinite(alpha) || !std::isfinite(omega)) break;
    update([&](std::size_t i) {
      x[i] += alpha * p_[i] + omega * r_[i];
      r_[i] -= omega * t_[i];
    });
    if (omega == 0.0 || !(bellman_.dot(r_.data(), r_.data()) > goal)) break;
    const double rho_next = bellman_.dot(r0_.data(), r_.data());
    const double beta = rho_next / rho * (alpha / omega);
    if (!std::isfinite(beta)) break;
    rho = rho_next;
    update([&](std::size_t i) { p_[i] = r_[i] + beta * (p_[i] - omega * v_[i]); });
  }
  return products;
}

}  // namespace softac::exact
