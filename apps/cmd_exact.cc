// softac exact MDP: the soft-optimal values and policy of a finite problem, exactly (docs/math.md E1–E7).
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/atomic_file.h"
#include "base/file_system.h"
#include "base/memory_limit.h"
#include "commands.h"
#include "exact_problem.h"
#include "exact_report.h"
#include "exit_code.h"
#include "softac/error.h"
#include "standard_streams.h"

namespace softac::app {
namespace {

struct ExactArguments {
  std::string mdp;
  double alpha = 1.0;
  double gamma = 0.99;
  double tolerance = 1e-9;
  int threads = 0;
  std::string dump, svg;
  bool occupancy = false;
};

class StdOutput final : public Output {
 public:
  void write(const std::string& text) override {
    if (std::fwrite(text.data(), 1, text.size(), result_stream()) != text.size()) fail();
  }
  void finish() {
    if (std::fflush(result_stream()) != 0) fail();
  }

 private:
  [[noreturn]] static void fail() { throw DiskError("standard output cannot be written"); }
};

void dump(const ExactProblem& problem, const std::string& path) {
  const auto file = posix_file_system().open_write(path, WriteMode::truncate);
  std::string text = std::string(kMdpCsvHeader) + "\n";
  for (std::int64_t s = 0; s < problem.mdp.num_states; ++s) {
    append_mdp_csv(problem.mdp, s, text);
    if (text.size() < (1u << 20)) continue;
    file->write(text);
    text.clear();
  }
  file->write(text);
  file->sync();
  file->close();
}

// Σ start(s) values(s), over the states that can be a start.
double expected(std::span<const double> start, std::span<const double> values) {
  double sum = 0.0;
  for (std::size_t s = 0; s < start.size(); ++s) {
    if (start[s] > 0.0) sum += start[s] * values[s];
  }
  return sum;
}

int exact(Context& context, const ExactArguments& arguments) {
  SoftOptions options;
  options.alpha = arguments.alpha;
  options.gamma = arguments.gamma;
  options.tolerance = arguments.tolerance;
  options.threads = arguments.threads;
  if (const std::string violations = option_violations(options); !violations.empty())
    throw ConfigError("options out of range:" + violations);
  const ExactProblem problem = make_exact_problem(arguments.mdp, available_memory());
  if (!arguments.dump.empty()) dump(problem, arguments.dump);
  const auto start = std::chrono::steady_clock::now();
  const SoftSolution solution = solve_soft(problem.mdp, options);
  const double elapsed_sec = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (solution.error_bound > options.tolerance) {
    char text[160];
    std::snprintf(text, sizeof text,
                  "the error bound is %.3g, not the %.3g asked for: double precision gives no more here",
                  solution.error_bound, options.tolerance);
    context.terminal.warning(text);
  }
  if (!arguments.svg.empty()) write_file_atomic(posix_file_system(), arguments.svg, policy_svg(problem, solution));
  const ExactReport report{problem, solution, expected(problem.start, solution.v),
                           expected(problem.start, solution.plain_return), elapsed_sec};
  StdOutput out;
  if (context.json) {
    std::vector<double> occupancy;
    if (arguments.occupancy) occupancy = discounted_occupancy(problem.mdp, solution.pi, problem.start, options.gamma);
    write_exact_json(report, occupancy, out);
  } else {
    write_exact_text(report, out);
  }
  out.finish();
  return kOk;
}

}  // namespace

void add_exact(Command root, Context& context) {
  auto arguments = std::make_shared<ExactArguments>();
  Command command = root.add_command("exact", "Solve a finite problem exactly: soft values, policy, error bound");
  command
      .add_option("MDP", arguments->mdp,
                  "cliffwalking, frozenlake, gridworld, random:S,A,SEED, pendulum[:…], mountaincar[:…], or a CSV file")
      .required();
  command.add_option("--alpha", arguments->alpha, "Temperature: 0 (hard), a number, or inf").show_default();
  command.add_option("--gamma", arguments->gamma, "Discount, less than 1").show_default();
  command.add_option("--tol", arguments->tolerance, "Wanted bound of the error of V").show_default();
  command.add_option("--threads", arguments->threads, "Threads; 0 = all cores").show_default();
  command.add_option("--dump", arguments->dump, "Write the problem as a CSV file").value_name("FILE");
  command.add_option("-o,--output", arguments->svg, "Draw the policy as SVG").value_name("FILE");
  command.add_flag("--occupancy", arguments->occupancy, "With --json: the discounted occupancy of the states too");
  add_json_option(command, context);
  command.on_parse(
      [&context, arguments] { context.action = [&context, arguments] { return exact(context, *arguments); }; });
}

}  // namespace softac::app
