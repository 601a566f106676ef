#include "report/metrics.h"

#include <algorithm>
#include <array>
#include <set>

namespace softac::report {
namespace {

struct Known {
  const char *section, *name, *title, *y_axis;
  bool log = false;
  const char* target = "";
};

constexpr std::array<Known, 31> kKnown = {{
    {"Returns", "eval/mean_reward", "Return in evaluations", "return, mean over episodes"},
    {"Returns", "rollout/ep_rew_mean", "Return while training", "return, mean over 100 episodes"},
    {"Returns", "eval/mean_ep_length", "Length of episodes in evaluations", "steps"},
    {"Returns", "rollout/ep_len_mean", "Length of episodes while training", "steps"},
    {"Entropy and temperature", "train/entropy", "Entropy of the policy (dashed: target)", "nats", false,
     "train/target_entropy"},
    {"Entropy and temperature", "train/ent_coef", "Temperature α", "α", true},
    {"Entropy and temperature", "train/ent_coef_loss", "Loss of the temperature", "loss"},
    {"Losses", "train/critic_loss", "Loss of the critics", "loss", true},
    {"Losses", "train/actor_loss", "Loss of the actor", "loss"},
    {"Losses", "train/value_loss", "Loss of V", "loss", true},
    {"Q values", "diag/q_mean", "Mean Q of the batch (dashed: targets)", "Q", false, "diag/target_mean"},
    {"Q values", "diag/critic_grad_norm", "Gradient norm of the critics", "norm", true},
    {"Q values", "diag/actor_grad_norm", "Gradient norm of the actor", "norm", true},
    {"Q values", "diag/q_bias_mean", "Bias of Q", "Q − soft return"},
    {"Q values", "diag/q_bias_std", "Spread of Q's error", "standard deviation"},
    {"Q values", "diag/q_bias_mean_normalised", "Bias of Q, relative", "share of |soft return|"},
    {"Q values", "diag/q_bias_std_normalised", "Spread of Q's error, relative", "share of |soft return|"},
    {"Q values", "diag/q_soft_return", "Soft return that Q is compared with", "soft return"},
    {"Diagnostics", "diag/entropy", "Entropy at probed states (dashed: target)", "nats", false, "diag/entropy_target"},
    {"Diagnostics", "diag/kl", "KL to the Boltzmann policy of the critics", "nats"},
    {"Diagnostics", "diag/kl_error", "Standard error of that KL", "nats"},
    {"Diagnostics", "diag/kl_effective_samples", "Effective samples of that KL", "samples"},
    {"Diagnostics", "diag/grad_variance_ratio", "Variance: likelihood ratio over reparameterised", "ratio", true},
    {"Diagnostics", "diag/grad_variance_ratio_baseline", "Variance ratio, with baseline", "ratio", true},
    {"Diagnostics", "diag/grad_z", "Difference of the gradient estimators", "standard errors"},
    {"Diagnostics", "diag/grad_z_baseline", "Difference of the estimators, with baseline", "standard errors"},
    {"Diagnostics", "diag/saturated_actions", "Actions at their bounds", "share"},
    {"Speed", "time/fps", "Speed since the start", "steps per second"},
    {"Speed", "time/time_elapsed", "Time of training", "seconds"},
    {"Speed", "train/n_updates", "Updates", "updates"},
    {"Speed", "train/learning_rate", "Learning rate", "learning rate"},
}};
constexpr std::array<std::string_view, 7> kSections = {
    "Returns", "Entropy and temperature", "Losses", "Q values", "Diagnostics", "Speed", "Other metrics"};

const Known* known(std::string_view name) {
  const auto found = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return name == k.name; });
  return found == kKnown.end() ? nullptr : &*found;
}

bool is_axis(std::string_view name) {
  return name == "time/total_timesteps" || name == "time/episodes" || name == "eval/std_reward";
}

bool is_target(std::string_view name) {
  return std::any_of(kKnown.begin(), kKnown.end(), [&](const Known& k) { return name == k.target; });
}

bool varies(const std::vector<const RunHistory*>& runs, std::string_view name) {
  const double* first = nullptr;
  for (const RunHistory* run : runs) {
    const RunSeries* series = run->find(name);
    if (series == nullptr) continue;
    for (const double& value : series->values) {
      if (first == nullptr) first = &value;
      if (value != *first) return true;
    }
  }
  return false;
}

bool has_evaluations(const std::vector<const RunHistory*>& runs) {
  return std::any_of(runs.begin(), runs.end(), [](const RunHistory* run) { return !run->evaluations.empty(); });
}

}  // namespace

MetricView view_of(std::string_view metric) {
  if (const Known* k = known(metric)) return {k->name, k->title, k->y_axis, k->log, k->target};
  const std::string name(metric);
  return {name, name, name.substr(name.rfind('/') + 1)};
}

std::vector<MetricSection> sections_of(const std::vector<const RunHistory*>& runs) {
  std::vector<MetricSection> sections;
  for (const std::string_view title : kSections) sections.push_back({std::string(title), {}});
  const auto section = [&](std::string_view title) -> MetricSection& {
    return *std::find_if(sections.begin(), sections.end(), [&](const MetricSection& s) { return s.title == title; });
  };
  for (const Known& k : kKnown) {
    const std::string_view name = k.name;
    const bool evaluation = name == "eval/mean_reward" && has_evaluations(runs);
    if (evaluation || varies(runs, name)) section(k.section).metrics.push_back(view_of(name));
  }
  std::set<std::string> others;
  for (const RunHistory* run : runs) {
    for (const RunSeries& series : run->series) {
      const std::string& name = series.name;
      if (known(name) == nullptr && !is_axis(name) && !is_target(name) && varies(runs, name)) others.insert(name);
    }
  }
  for (const std::string& name : others)
    section(name.starts_with("diag/")   ? "Diagnostics"
            : name.starts_with("time/") ? "Speed"
                                        : "Other metrics")
        .metrics.push_back(view_of(name));
  std::erase_if(sections, [](const MetricSection& s) { return s.metrics.empty(); });
  return sections;
}

std::vector<std::string> metric_names(const std::vector<RunHistory>& runs) {
  std::set<std::string> names;
  for (const RunHistory& run : runs) {
    if (!run.evaluations.empty()) names.insert({"eval/mean_ep_length", "eval/mean_reward"});
    for (const RunSeries& series : run.series) names.insert(series.name);
  }
  return {names.begin(), names.end()};
}

}  // namespace softac::report
