#include "exact_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

#include "formats/number_text.h"

namespace softac::app {
namespace {

constexpr std::size_t kFlush = 1 << 16;
constexpr std::int64_t kMaxTextStates = 64;

class Json {
 public:
  explicit Json(Output& out) : out_(out) {}
  void key(const char* name) {
    text_ += first_ ? "{\n  \"" : ",\n  \"";
    first_ = false;
    text_ += name;
    text_ += "\": ";
  }
  void number(const char* name, double value) {
    key(name);
    append_json_number(text_, value);
  }
  void string(const char* name, const std::string& value) {
    key(name);
    append_json_string(text_, value);
  }
  void list(std::span<const double> values) {
    text_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) text_ += ',';
      append_json_number(text_, values[i]);
      if (text_.size() > kFlush) flush();
    }
    text_ += ']';
  }
  void list(const char* name, std::span<const double> values) {
    key(name);
    list(values);
  }
  void table(const char* name, std::span<const double> values, std::size_t cols) {
    key(name);
    text_ += '[';
    for (std::size_t row = 0; row * cols < values.size(); ++row) {
      text_ += row > 0 ? ",\n    " : "\n    ";
      list(values.subspan(row * cols, cols));
    }
    text_ += ']';
  }
  void finish() {
    text_ += "\n}\n";
    flush();
  }

 private:
  void flush() {
    out_.write(text_);
    text_.clear();
  }
  Output& out_;
  std::string text_;
  bool first_ = true;
};

std::string short_number(double value) {
  if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace

void write_exact_json(const ExactReport& report, const std::vector<double>& occupancy, Output& out) {
  const SoftSolution& solution = report.solution;
  const std::size_t num_actions = report.problem.mdp.num_actions;
  Json json(out);
  json.string("problem", report.problem.name);
  json.number("num_states", static_cast<double>(report.problem.mdp.num_states));
  json.number("num_actions", static_cast<double>(num_actions));
  // JSON has no infinity: the limit is a string.
  if (std::isinf(solution.alpha)) {
    json.string("alpha", "inf");
  } else {
    json.number("alpha", solution.alpha);
  }
  json.number("gamma", solution.gamma);
  json.number("iterations", static_cast<double>(solution.iterations));
  json.number("products", static_cast<double>(solution.products));
  json.number("error_bound", solution.error_bound);
  json.number("soft_return", report.soft_return);
  json.number("plain_return", report.plain_return);
  json.number("elapsed_sec", report.elapsed_sec);
  json.list("v", solution.v);
  json.table("q", solution.q, num_actions);
  json.table("pi", solution.pi, num_actions);
  json.list("entropy", solution.entropy);
  if (!solution.log_z.empty()) json.list("log_z", solution.log_z);
  json.list("plain_returns", solution.plain_return);
  if (!occupancy.empty()) json.list("occupancy", occupancy);
  if (!report.problem.mdp.action_weight.empty()) {
    json.list("action", report.problem.action_value);
    json.list("action_weight", report.problem.mdp.action_weight);
  }
  json.finish();
}

void write_exact_text(const ExactReport& report, Output& out) {
  const ExactProblem& problem = report.problem;
  const SoftSolution& solution = report.solution;
  const FiniteMdp& mdp = problem.mdp;
  std::string text = problem.name + ": " + std::to_string(mdp.num_states) + " states, " +
                     std::to_string(mdp.num_actions) + " actions, " + std::to_string(mdp.p.size()) + " transitions\n";
  text += "alpha " + short_number(solution.alpha) + ", gamma " + short_number(solution.gamma) + ": " +
          std::to_string(solution.iterations) + " sweeps and " + std::to_string(solution.products) + " products in " +
          short_number(report.elapsed_sec) + " s, error at most " + short_number(solution.error_bound) + "\n";
  text += "from the start: soft return " + short_number(report.soft_return) + ", plain return " +
          short_number(report.plain_return) + "\n";
  if (mdp.num_states > kMaxTextStates) {
    const auto [low, high] = std::minmax_element(solution.v.begin(), solution.v.end());
    text += "V from " + short_number(*low) + " to " + short_number(*high) +
            " (--json prints every state, -o draws the policy)\n";
    out.write(text);
    return;
  }
  // What the error bound does not tell from 0 is printed as 0.
  const auto shown = [&](double value) { return short_number(std::fabs(value) <= solution.error_bound ? 0.0 : value); };
  text += "\n state           V  plain return   entropy   policy\n";
  for (std::int64_t s = 0; s < mdp.num_states; ++s) {
    const std::size_t i = s;
    char line[160];
    std::snprintf(line, sizeof line, "%6lld %11s %13s %9s  ", static_cast<long long>(s), shown(solution.v[i]).c_str(),
                  shown(solution.plain_return[i]).c_str(), short_number(solution.entropy[i]).c_str());
    text += line;
    if (mdp.terminal(s)) text += " terminal";
    for (std::int64_t a = 0; a < std::min<std::int64_t>(mdp.num_actions, 12) && !mdp.terminal(s); ++a) {
      std::snprintf(line, sizeof line, mdp.available(s, a) ? " %.4f" : "      -", solution.pi[s * mdp.num_actions + a]);
      text += line;
    }
    text += mdp.num_actions > 12 && !mdp.terminal(s) ? " …\n" : "\n";
  }
  out.write(text);
}

}  // namespace softac::app
