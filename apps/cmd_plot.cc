// softac plot: one metric of runs as a figure, or a figure that a program describes in JSON.
#include <csignal>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "commands.h"
#include "exit_code.h"
#include "figure/chart.h"
#include "figure/chart_json.h"
#include "report/plot.h"
#include "report/png.h"
#include "softac/error.h"

namespace softac::app {
namespace {

constexpr std::uint64_t kMaxFigureText = std::uint64_t{1} << 30;

struct PlotArguments {
  std::vector<std::string> runs;
  std::string output, x = "steps", metric = "eval/mean_reward";
};

bool is_figure_file(const std::string& argument) {
  return argument == "-" || argument.ends_with(".json");
}

std::string figure_text(const std::string& argument) {
  if (argument == "-") return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  return posix_file_system().read_text(argument, kMaxFigureText);
}

// Where the figure goes without -o.
std::string default_output(const PlotArguments& arguments) {
  const std::string& first = arguments.runs[0];
  if (is_figure_file(first)) return first.substr(0, first.size() - 5) + ".svg";
  return arguments.runs.size() == 1 ? (Path(first) / "plot.svg").string() : "plot.svg";
}

void require_usable(const PlotArguments& arguments) {
  if (arguments.x != "steps" && arguments.x != "time")
    throw UsageError("--x " + arguments.x + ": must be steps or time");
  const std::string& first = arguments.runs[0];
  if (is_figure_file(first) && arguments.runs.size() > 1)
    throw UsageError(first + " is a figure of its own: it cannot stand beside runs");
  if (first == "-" && arguments.output.empty()) throw UsageError("a figure from standard input needs -o FILE");
  const std::string ending = arguments.output.empty() ? ".svg" : Path(arguments.output).extension().string();
  if (ending != ".svg" && ending != ".png" && ending != ".csv")
    throw UsageError("-o " + arguments.output + ": must end in .svg, .png or .csv");
  if (is_figure_file(first) && ending == ".csv")
    throw UsageError("-o " + arguments.output + ": runs alone have a CSV form");
}

int plot(const PlotArguments& arguments) {
  require_usable(arguments);
  const std::string output = arguments.output.empty() ? default_output(arguments) : arguments.output;
  FileSystem& fs = posix_file_system();
  figure::Figure picture;
  std::string text;
  if (const std::string& first = arguments.runs[0]; is_figure_file(first)) {
    picture = figure::figure_from_json(figure_text(first), first == "-" ? "standard input" : first);
  } else {
    std::vector<RunHistory> runs;
    for (const std::string& run : arguments.runs) runs.push_back(read_run_history(fs, run));
    const report::PlotOptions options{arguments.metric,
                                      arguments.x == "time" ? report::XAxis::time : report::XAxis::steps};
    if (output.ends_with(".csv"))
      text = report::run_csv(runs, options);
    else
      picture = report::run_figure(runs, options);
  }
  if (text.empty()) text = draw(picture);
  if (output.ends_with(".png")) {
    std::signal(SIGPIPE, SIG_IGN);
    write_file_atomic(fs, output, report::png_of_svg(text));
  } else {
    write_file_atomic(fs, output, text);
  }
  print_result(output);
  return kOk;
}

}  // namespace

void add_plot(Command root, Context& context) {
  auto arguments = std::make_shared<PlotArguments>();
  Command command = root.add_command("plot", "Draw one metric of runs over steps or time");
  command
      .add_positionals("RUN", arguments->runs,
                       "Run directories; or one figure in JSON: a file FIGURE.json, or - for standard input")
      .required();
  command.add_option("-o,--output", arguments->output, "FILE.svg, FILE.png or FILE.csv (default: plot.svg)")
      .value_name("FILE");
  command.add_option("--x", arguments->x, "Along the axis: steps (of environments) or time (of training)")
      .show_default()
      .value_name("steps|time");
  command.add_option("--metric", arguments->metric, "A metric of the runs, e.g. train/entropy (docs/formats.md)")
      .show_default()
      .value_name("NAME");
  command.on_parse([&context, arguments] { context.action = [arguments] { return plot(*arguments); }; });
}

}  // namespace softac::app
