#include "agent/temperature.h"

#include <cmath>
#include <limits>

#include "base/elementary_scalar.h"

namespace softac {
namespace {

// A Gaussian with this σ in every dimension has the entropy ½ A log 2πeσ².
double entropy_of_sigma(double sigma, double act_dim) {
  constexpr double kLog2PiE = 2.8378770664093454836;
  return act_dim * (0.5 * kLog2PiE + log_of(sigma));
}

double target_of(int act_dim, const SacConfig& config) {
  const double a = act_dim;
  switch (config.target_entropy_rule) {
    case TargetEntropyRule::number:
      return config.target_entropy;
    case TargetEntropyRule::half:
      return -0.5 * a;
    case TargetEntropyRule::sigma:
      return entropy_of_sigma(config.target_entropy, a);
    case TargetEntropyRule::automatic:
      break;
  }
  return config.num_actions > 0 ? 0.5 * log_of(static_cast<double>(config.num_actions)) : -a;
}

}  // namespace

template <class T>
Temperature<T>::Temperature(int act_dim, const SacConfig& config, Params<T>& log_alpha, Arena& arena)
    : learned_(config.ent_coef_auto),
      linear_in_log_(config.ent_coef_loss == EntCoefLoss::log_alpha),
      fixed_(static_cast<T>(config.ent_coef)),
      target_entropy_(target_of(act_dim, config)),
      low_(config.ent_coef_min),
      high_(config.ent_coef_max),
      log_alpha_(log_alpha),
      optimiser_(optimiser_rule(config, config.learning_rate_ent_coef, config.adam_beta1_ent_coef), log_alpha, nullptr,
                 arena) {}

template <class T>
T Temperature<T>::alpha() const {
  return learned_ ? exp_of(log_alpha_.value[0]) : fixed_;
}

// J(α) = mean[ −α (log π + H̄) ],  dJ/d log α = −α · mean[log π + H̄]  (or −mean[…] for the form linear in log α)
template <class T>
double Temperature<T>::loss(T mean_log_pi) {
  const T excess = mean_log_pi + static_cast<T>(target_entropy_);
  log_alpha_.grad[0] = -(linear_in_log_ ? T(1) : alpha()) * excess;
  return static_cast<double>(-(linear_in_log_ ? log_alpha_.value[0] : alpha()) * excess);
}

template <class T>
bool Temperature<T>::step(Backend<T>& backend, std::int64_t t, int& bound) {
  const bool finite = optimiser_.step(backend, t);
  const double now = static_cast<double>(alpha());
  bound = now < low_ ? -1 : now > high_ ? 1 : 0;
  if (bound != 0) {
    // The next number inwards, so that exp of it is not beyond the bound again.
    const T at = static_cast<T>(std::log(bound < 0 ? low_ : high_));
    log_alpha_.value[0] =
        std::nextafter(at, bound < 0 ? std::numeric_limits<T>::max() : -std::numeric_limits<T>::max());
  }
  return finite;
}

template class Temperature<float>;
template class Temperature<double>;

}  // namespace softac
