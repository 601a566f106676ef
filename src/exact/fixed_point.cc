#include "exact/fixed_point.h"

#include <cmath>

#include "exact/krylov.h"
#include "softac/error.h"

namespace softac::exact {

namespace {

constexpr double kSlow = 0.75;        // a sweep that leaves more than this share of the error is slow …
constexpr double kManySweeps = 20.0;  // … and worth a Newton step if this many would still be needed
constexpr double kReduction = 1e-3;   // of the linear residual within one Newton step
constexpr std::int64_t kMaxProducts = 400;
constexpr int kFirstPause = 16;  // sweeps after a Newton step that did not help, doubled each time

}  // namespace

FixedPoint fixed_point(Bellman& bellman, double tolerance, std::int64_t max_iterations, const double* fixed_pi,
                       const double* entropy_term) {
  const FiniteMdp& mdp = bellman.mdp();
  const std::size_t num_states = mdp.num_states;
  FixedPoint out;
  std::vector<double> v(num_states + 1, 0.0), tv(num_states + 1, 0.0), kept, change_vector, step, pi;
  Krylov krylov(bellman);
  double half_before = std::numeric_limits<double>::infinity();
  bool proposed = false;     // v is a Newton step; `kept` the sweep to go back to
  bool newton_goes = false;  // the last proposal helped
  int pause = 0, next_pause = kFirstPause;

  const auto sweep = [&](double* policy) {
    ++out.iterations;
    return fixed_pi != nullptr ? bellman.policy_sweep(v.data(), tv.data(), fixed_pi, entropy_term)
                               : bellman.sweep(v.data(), tv.data(), policy);
  };
  for (;;) {
    const Change change = sweep(nullptr);
    const Bellman::Bounds bounds = bellman.bounds(change, fixed_pi != nullptr);
    const double half = 0.5 * (bounds.high - bounds.low);
    // What rounding leaves: the bounds do not come nearer.
    const bool floor =
        half <= 0.5 * bounds.rounding || (!proposed && half <= 4.0 * bounds.rounding && half >= half_before);
    if (!proposed && !std::isfinite(half + change.size))
      throw NumericsError("the values of this problem are not finite in double precision (largest: " +
                          std::to_string(change.size) + ")");
    if (half + bounds.rounding <= tolerance || floor || out.iterations >= max_iterations) {
      const double middle = 0.5 * (bounds.low + bounds.high);
      for (std::size_t s = 0; s < num_states; ++s) {
        if (!mdp.terminal(static_cast<std::int64_t>(s))) tv[s] += middle;
      }
      out.v = std::move(tv);
      out.error_bound = half + bounds.rounding;
      return out;
    }
    if (proposed && !(half < half_before)) {  // go on from the sweep before
      v.swap(kept);
      proposed = newton_goes = false;
      pause = next_pause;
      next_pause *= 2;
      continue;
    }
    newton_goes = proposed;
    proposed = false;
    const double share = half / half_before;
    half_before = half;
    if (pause > 0) --pause;
    const double sweeps_left = std::log(half / tolerance) / -std::log(share);
    const bool slow = share > kSlow && (share >= 1.0 || sweeps_left > kManySweeps);
    if (newton_goes || (slow && pause == 0 && out.iterations > 2)) {
      const double* policy = fixed_pi;
      if (policy == nullptr) {
        pi.resize(num_states * mdp.num_actions);
        sweep(pi.data());
        policy = pi.data();
      }
      // (I − γP_π) e = TV − V: V + e is the value of the policy that is best for V.
      change_vector.resize(num_states + 1);
      for (std::size_t s = 0; s < num_states; ++s) change_vector[s] = tv[s] - v[s];
      out.products += krylov.solve(policy, change_vector, step, kReduction, kMaxProducts);
      kept.swap(tv);
      tv.resize(num_states + 1);
      for (std::size_t s = 0; s < num_states; ++s) v[s] += step[s];
      proposed = true;
    } else {
      v.swap(tv);
    }
  }
}

}  // namespace softac::exact
