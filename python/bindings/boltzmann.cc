// The Boltzmann target exp(Q/α)/Z over continuous actions, and a squashed Gaussian's distance from it.
#include <algorithm>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "softac/boltzmann_target.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace softac::python {
namespace {

using Doubles = Argument<double, 1>;

// mu, log_std (K·A); log_weight, shear may be empty. The arrays must outlive it.
GaussianPolicyView view_of(const Doubles& mu, const Doubles& log_std, const Doubles& log_weight, const Doubles& shear) {
  GaussianPolicyView policy;
  policy.mu = span_of(mu);
  policy.log_std = span_of(log_std);
  policy.log_weight = span_of(log_weight);
  policy.shear = span_of(shear);
  return policy;
}

// q(actions (n, A)) → (n) float64, which softac.exact sees to.
using Q = nb::typed<nb::callable, Array<double, 1>(Array<double, 2>)>;
ActionValues values_of(const Q& q, std::size_t act_dim) {
  return [&q, act_dim](std::span<const double> actions, std::span<double> out) {
    const std::size_t shape[2] = {out.size(), act_dim};
    const auto result = nb::cast<Doubles>(q(to_array<2>(std::vector<double>(actions.begin(), actions.end()), shape)));
    std::copy(result.data(), result.data() + result.size(), out.begin());
  };
}

}  // namespace

void bind_boltzmann(nb::module_& m) {
  nb::class_<BoltzmannEstimate>(m, "BoltzmannEstimate",
                                "log Z of exp(Q / alpha), and a policy's distance from exp(Q / alpha) / Z.")
      .def_ro("log_z", &BoltzmannEstimate::log_z)
      .def_ro("kl", &BoltzmannEstimate::kl, "KL(pi || exp(Q / alpha) / Z).")
      .def_ro("actor_loss", &BoltzmannEstimate::actor_loss, "E_pi[alpha log pi - Q] = alpha kl - alpha log_z.")
      .def_ro("log_z_error", &BoltzmannEstimate::log_z_error,
              "Standard errors; by quadrature the change from half the nodes.")
      .def_ro("kl_error", &BoltzmannEstimate::kl_error)
      .def_ro("actor_loss_error", &BoltzmannEstimate::actor_loss_error)
      .def_ro("effective_samples", &BoltzmannEstimate::effective_samples, "Of log Z; 0 by quadrature.");
  m.def(
      "boltzmann_by_quadrature",
      [](const Doubles& mu, const Doubles& log_std, const Doubles& log_weight, const Doubles& shear, const Q& q,
         double alpha, int nodes) {
        const GaussianPolicyView policy = view_of(mu, log_std, log_weight, shear);
        return boltzmann_by_quadrature(policy, values_of(q, policy.act_dim()), alpha, nodes);
      },
      "mu"_a, "log_std"_a, "log_weight"_a, "shear"_a, "q"_a, "alpha"_a, "nodes"_a);
  m.def(
      "boltzmann_by_sampling",
      [](const Doubles& mu, const Doubles& log_std, const Doubles& log_weight, const Doubles& shear, const Q& q,
         double alpha, int samples, std::uint64_t seed) {
        const GaussianPolicyView policy = view_of(mu, log_std, log_weight, shear);
        Rng rng(seed);
        return boltzmann_by_sampling(policy, values_of(q, policy.act_dim()), alpha, samples, rng);
      },
      "mu"_a, "log_std"_a, "log_weight"_a, "shear"_a, "q"_a, "alpha"_a, "samples"_a, "seed"_a);
  m.def(
      "squashed_log_density",
      [](const Doubles& mu, const Doubles& log_std, const Doubles& log_weight, const Doubles& shear,
         const Argument<double, 2>& actions) {
        const GaussianPolicyView policy = view_of(mu, log_std, log_weight, shear);
        std::vector<double> out(actions.shape(0));
        const std::size_t dim = actions.shape(1);
        for (std::size_t i = 0; i < out.size(); ++i)
          out[i] = squashed_log_density_at(policy, std::span(actions.data() + i * dim, dim));
        return to_array(std::move(out));
      },
      "mu"_a, "log_std"_a, "log_weight"_a, "shear"_a, "actions"_a);
}

}  // namespace softac::python
