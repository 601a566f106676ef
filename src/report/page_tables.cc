// The tables of a report.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "figure/text.h"
#include "figure/ticks.h"
#include "report/page_data.h"
#include "report/page_parts.h"
#include "report/statistics.h"

namespace softac::report {
namespace {

using figure::escaped;

std::string number(double value) {
  return std::isfinite(value) ? figure::short_number(value) : "–";
}

std::string steps_text(std::int64_t steps) {
  std::string out = std::to_string(steps);
  for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3) out.insert(at, ",");
  return out;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  char text[48];
  const auto whole = static_cast<long long>(seconds);
  if (seconds < 60)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else if (seconds < 3600)
    std::snprintf(text, sizeof text, "%lld min %02lld s", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld h %02lld min", whole / 3600, whole % 3600 / 60);
  return text;
}

double last_of(const RunHistory& run, std::string_view metric) {
  const RunSeries* series = run.find(metric);
  return series == nullptr || series->values.empty() ? NAN : series->values.back();
}

// Seconds of training and steps per second of the whole run, as its last row says.
double elapsed(const RunHistory& run) {
  return last_of(run, "time/time_elapsed");
}

std::string interval_text(const Interval& interval) {
  if (!std::isfinite(interval.low)) return "–";
  return number(interval.low) + " to " + number(interval.high);
}

class Table {
 public:
  explicit Table(const std::vector<std::string>& heads) {
    text_ = "<div class=\"scroll\"><table><thead><tr>";
    for (const std::string& head : heads) text_ += "<th>" + escaped(head) + "</th>";
    text_ += "</tr></thead><tbody>\n";
  }
  void row() { text_ += std::string(open_ ? "</tr>\n" : "") + "<tr>", open_ = true; }
  void html(const std::string& content, const char* css = "n") {
    text_ += std::string("<td class=\"") + css + "\">" + content + "</td>";
  }
  void cell(const std::string& content, const char* css = "n") { html(escaped(content), css); }
  std::string finish() const { return text_ + (open_ ? "</tr>\n" : "") + "</tbody></table></div>\n"; }

 private:
  std::string text_;
  bool open_ = false;
};

std::string group_cell(std::size_t g, const RunGroup& group) {
  return group_swatch(g) + " " + escaped(group.label);
}

// A leaf of provenance.json by its path, lists in one.
void flatten(const Json& json, const std::string& name, std::vector<std::pair<std::string, std::string>>& out) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) flatten(value, name.empty() ? key : name + "." + key, out);
  } else if (json.is_array()) {
    std::string text;
    for (const Json& item : json)
      text += (text.empty() ? "" : ", ") + (item.is_string() ? item.get<std::string>() : item.dump());
    if (!text.empty()) out.emplace_back(name, text);
  } else {
    out.emplace_back(name, json.is_string() ? json.get<std::string>() : json.dump());
  }
}

}  // namespace

std::string group_swatch(std::size_t group) {
  return "<svg class=\"swatch s-c" + std::to_string(group % figure::kNumSeriesColors) +
         "\" viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path d=\"M1 5h24\"/></svg>";
}

std::string summary_table(const std::vector<RunHistory>& runs, const RunGroups& groups) {
  Table table({"group", "runs", "steps", "last evaluation, mean", "95 % interval", "IQM", "95 % interval",
               "best evaluation, mean", "training time, mean"});
  Bootstrap bootstrap;
  for (std::size_t g = 0; g < groups.groups.size(); ++g) {
    const RunGroup& group = groups.groups[g];
    std::vector<double> last, best, times;
    std::int64_t least = runs[group.runs[0]].overview.step, most = least;
    for (const std::size_t i : group.runs) {
      const RunOverview& run = runs[i].overview;
      if (run.last_evaluation) last.push_back(run.last_evaluation->mean_return);
      if (run.best_evaluation) best.push_back(run.best_evaluation->mean_return);
      if (std::isfinite(elapsed(runs[i]))) times.push_back(elapsed(runs[i]));
      least = std::min(least, run.step);
      most = std::max(most, run.step);
    }
    table.row();
    table.html(group_cell(g, group), "w");
    table.cell(std::to_string(group.runs.size()));
    table.cell(steps_text(least) + (most > least ? " to " + steps_text(most) : ""));
    table.cell(number(mean(last)));
    table.cell(interval_text(bootstrap.of_mean(last)));
    table.cell(number(last.empty() ? NAN : interquartile_mean(last)));
    table.cell(interval_text(bootstrap.of_interquartile_mean(last)));
    table.cell(number(mean(best)));
    table.cell(duration(mean(times)));
  }
  return table.finish();
}

std::string runs_table(const std::vector<RunHistory>& runs, const RunGroups& groups) {
  Table table({"run", "seed", "state", "steps", "last evaluation", "best evaluation", "speed, steps/s", "time"});
  for (std::size_t g = 0; g < groups.groups.size(); ++g) {
    for (const std::size_t i : groups.groups[g].runs) {
      const RunOverview& run = runs[i].overview;
      const bool good = run.state == RunCondition::finished || run.state == RunCondition::running;
      table.row();
      table.html(group_swatch(g) + " <code>" + escaped(run.dir.string()) + "</code>", "w");
      table.cell(std::to_string(run.seed));
      std::string state = std::string(condition_name(run.state));
      if (!good && !run.message.empty()) state += ": " + run.message;
      table.html(std::string("<span") + (good ? ">" : " class=\"bad\">") + escaped(state) + "</span>", "w");
      table.cell(steps_text(run.step) + (run.step < run.total_steps ? " of " + steps_text(run.total_steps) : ""));
      if (run.last_evaluation) {
        table.cell(number(run.last_evaluation->mean_return) + " ± " + number(run.last_evaluation->std_return));
        table.cell(number(run.best_evaluation->mean_return) + " at " + steps_text(run.best_evaluation->timestep));
      } else {
        table.cell("–");
        table.cell("–");
      }
      const double time = elapsed(runs[i]), rows = last_of(runs[i], "time/total_timesteps");
      table.cell(time > 0.0 ? number(std::round(rows / time)) : "–");
      table.cell(duration(time));
    }
  }
  return table.finish();
}

std::string differences_table(const RunGroups& groups) {
  if (groups.differences.empty()) return "";
  std::vector<std::string> heads = {"setting"};
  for (const RunGroup& group : groups.groups) heads.push_back(group.label);
  Table table(heads);
  for (const Difference& difference : groups.differences) {
    table.row();
    table.html("<code>" + escaped(difference.name) + "</code>", "n");
    for (const std::string& value : difference.values) table.html("<code>" + escaped(value) + "</code>", "w");
  }
  return table.finish();
}

std::string settings_tables(const std::vector<RunHistory>& runs, const RunGroups& groups) {
  std::string out;
  for (std::size_t g = 0; g < groups.groups.size(); ++g) {
    const RunGroup& group = groups.groups[g];
    out += "<details><summary>" + group_cell(g, group) + ": all settings of " +
           escaped(run_name(runs, group, group.runs[0])) + "</summary>\n";
    Table table({"setting", "value", "from"});
    for (const bool defaults : {false, true}) {
      for (const RunSetting& setting : runs[group.runs[0]].settings) {
        if ((setting.origin == "default") != defaults) continue;
        table.row();
        table.html("<code>" + escaped(setting.name) + "</code>");
        table.html("<code>" + escaped(setting.value) + "</code>", "w");
        table.cell(setting.origin);
      }
    }
    out += table.finish() + "</details>\n";
  }
  return out;
}

std::string provenance_table(const std::vector<RunHistory>& runs) {
  std::vector<std::vector<std::pair<std::string, std::string>>> leaves(runs.size());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    flatten(runs[i].provenance, "", leaves[i]);
    for (const auto& [name, value] : leaves[i]) {
      if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  if (names.empty()) return "<p class=\"muted\">No run has a provenance.json.</p>\n";
  Table table({"", "value", "runs"});
  for (const std::string& name : names) {
    std::vector<std::pair<std::string, std::string>> values;  // value, runs that have it
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const auto leaf =
          std::find_if(leaves[i].begin(), leaves[i].end(), [&](const auto& l) { return l.first == name; });
      const std::string value = leaf == leaves[i].end() ? "–" : leaf->second;
      auto found = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == value; });
      if (found == values.end()) found = values.insert(values.end(), {value, ""});
      found->second += (found->second.empty() ? "" : ", ") + runs[i].overview.dir.string();
    }
    for (const auto& [value, which] : values) {
      table.row();
      table.cell(&value == &values[0].first ? name : "");
      table.html("<code>" + escaped(value) + "</code>", "w");
      table.cell(values.size() == 1 ? (runs.size() == 1 ? "" : "all") : which, "w");
    }
  }
  return table.finish();
}

std::string videos_part(const std::vector<ReportRun>& runs) {
  std::string out;
  for (const ReportRun& run : runs) {
    for (const Video& video : run.videos) {
      const std::string caption = escaped((run.history.overview.dir / "videos" / video.name).string());
      if (!video.left_out.empty()) {
        out += "<figure><figcaption>" + caption + " left out: " + escaped(video.left_out) + "</figcaption></figure>\n";
        continue;
      }
      const std::string source = "src=\"data:" + video.type + ";base64," + video.data + "\"";
      out += "<figure>" +
             (video.type == "image/gif"
                  ? "<img " + source + " alt=\"" + caption + "\">"
                  : "<video controls muted loop playsinline preload=\"metadata\" " + source + "></video>") +
             "<figcaption>" + caption + "</figcaption></figure>\n";
    }
  }
  return out.empty() ? "" : "<div class=\"videos\">\n" + out + "</div>\n";
}

}  // namespace softac::report
