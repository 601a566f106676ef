#include "report/page.h"

#include <algorithm>
#include <span>

#include "base/sha256.h"
#include "figure/chart.h"
#include "figure/text.h"
#include "report/base64.h"
#include "report/page_data.h"
#include "report/page_parts.h"
#include "softac/error.h"

namespace softac::report {
namespace {

using figure::escaped;

constexpr double kPanelWidth = 396.0, kPlotHeight = 190.0;

std::string source_hash(std::string_view text) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(text)));
  const auto digest = hash.finish();
  return "'sha256-" + base64(std::as_bytes(std::span(digest))) + "'";
}

std::string panel_html(const figure::Panel& panel) {
  figure::Figure figure;
  figure.panels = {panel};
  figure.panel_width = kPanelWidth;
  figure.plot_height = kPlotHeight;
  figure.legend = false;
  return "<figure class=\"panel\">" + draw(figure, figure::Ink::page) + "</figure>\n";
}

bool has_times(const std::vector<const RunHistory*>& runs, std::string_view metric) {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const RunHistory* run) { return !curve_of(*run, metric, XAxis::time).x.empty(); });
}

std::string curves_part(const std::vector<RunHistory>& runs, const RunGroups& groups, const std::string& env,
                        Bootstrap& bootstrap, PageData& data) {
  std::vector<const RunHistory*> of_env;
  for (const RunHistory& run : runs) {
    if (run.overview.env_id == env) of_env.push_back(&run);
  }
  std::string out;
  for (const MetricSection& section : sections_of(of_env)) {
    out += "<h3>" + escaped(section.title) + "</h3>\n<div class=\"panels\">\n";
    for (const MetricView& view : section.metrics) {
      out += panel_html(metric_panel(runs, groups, env, view, XAxis::steps, bootstrap, data));
      if (view.name != "eval/mean_reward" || !has_times(of_env, view.name)) continue;
      MetricView by_time = view;
      by_time.title += " over time";
      out += panel_html(metric_panel(runs, groups, env, by_time, XAxis::time, bootstrap, data));
    }
    out += "</div>\n";
  }
  return out.empty() ? "<p class=\"muted\">Nothing has been recorded yet.</p>\n" : out;
}

std::string title_of(const RunGroups& groups) {
  std::string out;
  for (const std::string& env : groups.envs) out += (out.empty() ? "" : ", ") + env;
  return out;
}

std::string count_text(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// The boxes behind the legend: they stand before everything that they show and hide, so that no script is needed.
std::string switches(std::size_t num_groups) {
  std::string out =
      "<input class=\"switch\" type=\"radio\" name=\"statistic\" id=\"s-mean\" checked>"
      "<input class=\"switch\" type=\"radio\" name=\"statistic\" id=\"s-iqm\">"
      "<input class=\"switch\" type=\"checkbox\" id=\"s-seeds\">\n";
  for (std::size_t g = 0; g < num_groups; ++g)
    out += "<input class=\"switch\" type=\"checkbox\" id=\"g" + std::to_string(g) + "\" checked>";
  return out + "\n";
}

std::string legend(const RunGroups& groups, std::size_t num_runs) {
  std::string out = "<nav aria-label=\"Legend\">\n";
  for (std::size_t g = 0; g < groups.groups.size(); ++g) {
    const std::string id = "g" + std::to_string(g);
    out += "<label class=\"key " + id + "\" for=\"" + id + "\">" + group_swatch(g) + escaped(groups.groups[g].label) +
           (groups.groups[g].runs.size() > 1 ? " (" + count_text(groups.groups[g].runs.size(), "run") + ")" : "") +
           "</label>\n";
  }
  if (num_runs > groups.groups.size()) {
    out +=
        "<label class=\"tool t-mean\" for=\"s-mean\">mean</label>"
        "<label class=\"tool t-iqm\" for=\"s-iqm\">interquartile mean</label>"
        "<label class=\"tool t-seeds\" for=\"s-seeds\">each seed</label>\n";
  }
  return out + "</nav>\n";
}

std::string states_text(const std::vector<RunHistory>& runs) {
  std::string out;
  for (const RunCondition state : {RunCondition::running, RunCondition::finished, RunCondition::stopped,
                                   RunCondition::failed, RunCondition::died}) {
    std::size_t count = 0;
    for (const RunHistory& run : runs) count += run.overview.state == state;
    if (count > 0) out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(condition_name(state));
  }
  return out;
}

}  // namespace

std::vector<ReportRun> read_report_runs(FileSystem& fs, const std::vector<Path>& dirs) {
  std::vector<ReportRun> runs;
  std::uint64_t budget = kMaxAllVideoBytes;
  for (const Path& dir : dirs) {
    ReportRun run{read_run_history(fs, dir), {}};
    run.videos = read_videos(fs, dir, budget);
    runs.push_back(std::move(run));
  }
  return runs;
}

std::string report_page(const std::vector<ReportRun>& all, const PageOptions& options) {
  SOFTAC_REQUIRE(!all.empty(), all.size());
  std::vector<RunHistory> runs;
  for (const ReportRun& run : all) runs.push_back(run.history);
  const RunGroups groups = group_runs(runs);
  const std::string style = page_style(groups.groups.size()), title = title_of(groups);

  PageData data;
  Bootstrap bootstrap;
  std::string curves;
  for (const std::string& env : groups.envs) {
    if (groups.envs.size() > 1) curves += "<h2>" + escaped(env) + "</h2>\n";
    curves += curves_part(runs, groups, env, bootstrap, data);
  }

  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; "
      "img-src data:; media-src data:; style-src " +
      source_hash(style) + "; script-src " + source_hash(kPageScript) +
      "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"softac report\">\n";
  if (options.reload_sec > 0)
    out += "<meta http-equiv=\"refresh\" content=\"" + std::to_string(options.reload_sec) + "\">\n";
  out += "<link rel=\"icon\" href=\"data:,\">\n<title>" + escaped(title) + " – softac</title>\n<style>" + style +
         "</style>\n</head>\n<body>\n" + switches(groups.groups.size());
  out += "<header>\n<h1>" + escaped(title) + "</h1>\n<p class=\"muted\">" + count_text(runs.size(), "run") + " in " +
         count_text(groups.groups.size(), "group") + " (" + states_text(runs) + ")</p>\n" + "</header>\n" +
         legend(groups, runs.size()) + "<main>\n";
  out += "<h2>Summary</h2>\n" + summary_table(runs, groups);
  out += std::string(groups.envs.size() > 1 ? "" : "<h2>Curves</h2>\n") + curves;
  out += "<p class=\"muted\">Bands: 95 % bootstrap intervals over the runs of a group (" +
         std::to_string(Bootstrap::kDraws) +
         " draws, fixed seed). The interquartile mean leaves out the lowest and the highest quarter of the runs. "
         "Curves of "
         "more than " +
         std::to_string(kMaxPoints) + " points show means over equal spans.</p>\n";
  if (const std::string videos = videos_part(all); !videos.empty()) out += "<h2>Videos</h2>\n" + videos;
  out += "<h2>Runs</h2>\n" + runs_table(runs, groups);
  if (const std::string table = differences_table(groups); !table.empty())
    out += "<h2>How the groups differ</h2>\n" + table;
  out += "<h2>Settings</h2>\n" + settings_tables(runs, groups) + "<h2>Provenance</h2>\n" + provenance_table(runs);
  out += "</main>\n<script type=\"application/json\" id=\"data\">" + data.text() + "</script>\n<script>" +
         std::string(kPageScript) + "</script>\n</body>\n</html>\n";
  return out;
}

}  // namespace softac::report
