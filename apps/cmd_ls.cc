// softac ls [DIR]: the runs below a folder.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/nearest_match.h"
#include "base/text.h"
#include "commands.h"
#include "exit_code.h"
#include "paths.h"
#include "progress_line.h"
#include "run/run_dir.h"
#include "run/run_list.h"

namespace softac::app {
namespace {

constexpr const char* kDefaultFolder = "runs";
constexpr const char* kBroken = "broken";

struct LsArguments {
  std::string folder;  // "" = kDefaultFolder
  std::string states;  // "" = all
  std::string env;     // "" = all
  std::string sort = "started";
  bool size = false;
};

struct Row {
  ListedRun run;
  std::string path, state;
  std::uint64_t bytes = 0;

  bool broken() const { return !run.error.empty(); }
};

std::vector<std::string> wanted_states(const std::string& text) {
  const std::vector<std::string> known = {"running", "finished", "stopped", "failed", "died", kBroken};
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    if (std::ranges::find(known, out.back()) == known.end()) {
      throw UsageError("--state " + out.back() + ": expected running, finished, stopped, failed, died or broken" +
                       did_you_mean(out.back(), known));
    }
    begin = end + 1;
  }
  return out;
}

// The newest first, the largest return first; names and environments from A on. What is not known comes last.
void sort_rows(std::vector<Row>& rows, const std::string& by) {
  const auto best = [](const Row& row) {
    const auto& evaluation = row.run.overview.best_evaluation;
    return evaluation ? evaluation->mean_return : -HUGE_VAL;
  };
  const auto started = [](const Row& row) {
    const double sec = row.run.overview.started_sec;
    return row.broken() || std::isnan(sec) ? -HUGE_VAL : sec;
  };
  if (by == "started") {
    std::ranges::stable_sort(rows, std::greater<>(), started);
  } else if (by == "return") {
    std::ranges::stable_sort(rows, std::greater<>(), best);
  } else if (by == "env") {
    std::ranges::stable_sort(rows, {}, [](const Row& row) { return std::pair(row.broken(), row.run.overview.env_id); });
  } else if (by != "path") {
    throw UsageError("--sort " + by + ": expected started, return, env or path");
  }
}

// "3h": the largest unit alone.
std::string age_text(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  const double sec = std::max(seconds, 0.0);
  const std::array<std::pair<double, char>, 4> units = {{{86400.0, 'd'}, {3600.0, 'h'}, {60.0, 'm'}, {1.0, 's'}}};
  for (const auto& [unit, letter] : units) {
    if (sec >= unit) return std::to_string(static_cast<long long>(sec / unit)) + letter;
  }
  return "0s";
}

std::string return_text(const std::optional<EvaluationLine>& evaluation) {
  return evaluation ? shown_number("%.2f", evaluation->mean_return, false) : "-";
}

std::vector<std::string> cells(const Row& row, bool size, double now_sec) {
  if (row.broken()) {
    std::vector<std::string> out = {row.path, "-", "-", kBroken, "-", "-", "-", "-"};
    if (size) out.push_back(bytes_text(row.bytes));
    return out;
  }
  const RunOverview& o = row.run.overview;
  std::vector<std::string> out = {row.path,
                                  o.env_id,
                                  std::to_string(o.seed),
                                  row.state,
                                  std::to_string(o.step) + "/" + std::to_string(o.total_steps),
                                  return_text(o.last_evaluation),
                                  return_text(o.best_evaluation),
                                  age_text(now_sec - o.started_sec)};
  if (size) out.push_back(bytes_text(row.bytes));
  return out;
}

// Names to the left, numbers to the right.
std::string table_of(const std::vector<std::vector<std::string>>& lines) {
  constexpr std::array<bool, 9> kLeft = {true, true, false, true, false, false, false, false, false};
  std::vector<std::size_t> widths(lines[0].size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], text_width(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string space(widths[i] - text_width(line[i]), ' ');
      text.append(i > 0 ? "  " : "").append(kLeft[i] ? line[i] + space : space + line[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out.append(out.empty() ? "" : "\n").append(text);
  }
  return out;
}

Json time_json(double sec) {
  return std::isfinite(sec) ? Json(utc_text(sec)) : Json();
}

Json json_of(const Row& row, bool size) {
  Json out = {{"run_dir", row.path}, {"state", row.state}};
  const RunOverview& o = row.run.overview;
  if (row.broken()) {
    out["error"] = row.run.error;
  } else {
    const auto number = [](const std::optional<EvaluationLine>& line, auto field) {
      return line ? Json((*line).*field) : Json();
    };
    out["env"] = o.env_id;
    out["seed"] = o.seed;
    out["reason"] = o.reason;
    out["message"] = o.message;
    out["step"] = o.step;
    out["total_timesteps"] = o.total_steps;
    out["num_evaluations"] = o.num_evaluations;
    out["last_eval_return"] = number(o.last_evaluation, &EvaluationLine::mean_return);
    out["last_eval_step"] = number(o.last_evaluation, &EvaluationLine::timestep);
    out["best_eval_return"] = number(o.best_evaluation, &EvaluationLine::mean_return);
    out["best_eval_step"] = number(o.best_evaluation, &EvaluationLine::timestep);
    out["started"] = time_json(o.started_sec);
    out["updated"] = time_json(o.updated_sec);
  }
  if (size) out["size_bytes"] = row.bytes;
  return out;
}

std::vector<Row> rows_of(RunList list, const LsArguments& arguments) {
  const std::vector<std::string> states = wanted_states(arguments.states);
  std::vector<Row> rows;
  for (ListedRun& run : list.runs) {
    Row row;
    row.path = shown_path(run.overview.dir.string());
    row.state = run.error.empty() ? std::string(condition_name(run.overview.state)) : kBroken;
    if (!states.empty() && std::ranges::find(states, row.state) == states.end()) continue;
    if (!arguments.env.empty() && run.overview.env_id.find(arguments.env) == std::string::npos) continue;
    if (arguments.size) row.bytes = folder_bytes(posix_file_system(), run.overview.dir);
    row.run = std::move(run);
    rows.push_back(std::move(row));
  }
  sort_rows(rows, arguments.sort);
  return rows;
}

void print_table(Context& context, const std::vector<Row>& rows, bool size) {
  std::vector<std::vector<std::string>> lines = {{"run", "env", "seed", "state", "step", "last eval", "best", "age"}};
  if (size) lines[0].emplace_back("size");
  const double now_sec = wall_time();
  for (const Row& row : rows) lines.push_back(cells(row, size, now_sec));
  print_result(table_of(lines));
  for (const Row& row : rows) {
    if (row.broken()) context.terminal.warning(row.run.error);
  }
}

int list(Context& context, const LsArguments& arguments) {
  const bool given = !arguments.folder.empty();
  const std::string folder = absolute_path(given ? arguments.folder : kDefaultFolder);
  const bool missing = !given && !posix_file_system().exists(folder);
  RunList found = missing ? RunList() : list_runs(posix_file_system(), folder);
  const std::int64_t logs = found.num_python_models, models = found.num_saved_models;
  const std::vector<Row> rows = rows_of(std::move(found), arguments);
  if (context.json) {
    Json out = Json::array();
    for (const Row& row : rows) out.push_back(json_of(row, arguments.size));
    print_result(out.dump(2));
  } else if (rows.empty()) {
    context.terminal.info("no runs below " + shown_path(folder));
  } else {
    print_table(context, rows, arguments.size);
  }
  if (logs > 0) {
    context.terminal.info(std::to_string(logs) + (logs == 1 ? " folder" : " folders") +
                          " of the Python package's models (config.json) left out");
  }
  if (models > 0) {
    context.terminal.info(std::to_string(models) + (models == 1 ? " model" : " models") +
                          " that the Python package saved left out; softac export takes one in place of a run");
  }
  return kOk;
}

}  // namespace

void add_ls(Command root, Context& context) {
  auto arguments = std::make_shared<LsArguments>();
  Command command = root.add_command("ls", "List the runs below a folder");
  command.add_option("DIR", arguments->folder, "Folder, searched with all below it (default: runs)");
  command
      .add_option("--state", arguments->states,
                  "Only these: running, finished, stopped, failed, died, broken, with commas between them")
      .value_name("STATES");
  command.add_option("--env", arguments->env, "Only environments whose name contains this").value_name("TEXT");
  command.add_option("--sort", arguments->sort, "By started (newest first), return (best first), env or path")
      .show_default()
      .value_name("WHAT");
  command.add_flag("--size", arguments->size, "Their size on disk as well");
  add_json_option(command, context);
  command.on_parse(
      [&context, arguments] { context.action = [&context, arguments] { return list(context, *arguments); }; });
}

}  // namespace softac::app
