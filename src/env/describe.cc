// What env check and env info print of a specification (check.h).
#include <algorithm>

#include "env/check.h"
#include "env/kwargs.h"

namespace softac {

namespace {

// "[-1, 1]" where all entries have the same bounds, else one pair per entry.
std::string bounds_text(const std::vector<double>& low, const std::vector<double>& high) {
  const auto pair = [&](std::size_t j) { return to_text(std::vector<double>{low[j], high[j]}); };
  const bool uniform = std::ranges::all_of(low, [&](double x) { return x == low[0]; }) &&
                       std::ranges::all_of(high, [&](double x) { return x == high[0]; });
  if (uniform) return pair(0);
  std::string text;
  for (std::size_t j = 0; j < low.size(); ++j) {
    if (j > 0) text += ' ';
    text += pair(j);
  }
  return text;
}

}  // namespace

std::string describe_env(const std::string& id, const EnvKwargs& kwargs) {
  const EnvInfo info = find_env(id);
  const auto env = make_env(id, kwargs);
  const EnvSpec& spec = env->spec();
  std::string out = info.id + ": " + info.description + "\n";
  const auto line = [&](const std::string& name, const std::string& value) {
    out += "  " + name + std::string(name.size() < 18 ? 18 - name.size() : 1, ' ') + value + "\n";
  };
  line("family", info.family);
  line("observation", std::to_string(spec.obs_dim) + " values in " + bounds_text(spec.obs_low, spec.obs_high));
  if (spec.num_actions > 0)
    line("action", "one of " + std::to_string(spec.num_actions));
  else
    line("action", std::to_string(spec.act_dim) + " values in " + bounds_text(spec.act_low, spec.act_high));
  line("time limit", spec.max_episode_steps > 0 ? std::to_string(spec.max_episode_steps) + " steps" : "none");
  line("reward threshold", spec.reward_threshold ? to_text(*spec.reward_threshold) : "none");
  line("saves its state", env->can_save_state() ? "yes" : "no");
  if (info.arguments.empty()) line("arguments", "none");
  for (const EnvArgument& argument : info.arguments) {
    line(&argument == &info.arguments.front() ? "arguments" : "",
         argument.name + " = " + to_text(argument.default_value) +
             (argument.description.empty() ? "" : "  (" + argument.description + ")"));
  }
  return out;
}

}  // namespace softac
