// softac bench scale: how cost grows along each axis, with fitted exponents and a figure.
#include <cmath>
#include <cstdio>

#include "base/atomic_file.h"
#include "base/json.h"
#include "bench_axes.h"
#include "bench_fit.h"
#include "bench_probe.h"
#include "bench_what.h"
#include "figure/chart.h"
#include "math/backend.h"
#include "run/build_info.h"

namespace softac::app {
namespace {

constexpr int kRounds = 5;

// Every point of the axis in every round.
Json measure(const Axis& axis, const KernelTable<float>& table, ThreadPool& pool, double seconds,
             std::vector<bool>& disturbed_all) {
  const double scale = axis.unit == "ms" ? 1e3 : 1e6,
               slice = 0.9 * seconds / (kRounds * static_cast<double>(axis.points.size()));
  std::vector<std::vector<double>> times(axis.points.size()), fractions(axis.points.size());
  RoundWatch watch(table, pool, 0.05 * seconds / kRounds);
  for (const AxisPoint& point : axis.points) point.run();
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> seconds_of;
    watch.begin();
    for (const AxisPoint& point : axis.points) {
      point.run();  // its own data back in the caches
      seconds_of.push_back(time_per_call(slice, point.run));
    }
    watch.end();
    for (std::size_t i = 0; i < axis.points.size(); ++i) {
      times[i].push_back(seconds_of[i] * scale);
      fractions[i].push_back(axis.points[i].flop / seconds_of[i] * 1e-9 / watch.peak());
    }
  }
  const std::vector<bool> disturbed = watch.disturbed();
  disturbed_all.insert(disturbed_all.end(), disturbed.begin(), disturbed.end());

  Json out = {{"axis", axis.name}, {"what", axis.what}, {"unit", axis.unit}};
  std::vector<double> x, y, flop;
  for (std::size_t i = 0; i < axis.points.size(); ++i) {
    const Spread time = quiet_spread(times[i], disturbed);
    Json point = {
        {"value", axis.points[i].value}, {"time", time.median}, {"time_min", time.min}, {"time_max", time.max}};
    if (axis.points[i].flop > 0.0) {
      point["flop"] = axis.points[i].flop;
      point["fraction_of_peak"] = quiet_spread(fractions[i], disturbed).median;
      flop.push_back(axis.points[i].flop);
    }
    out["points"].push_back(point);
    x.push_back(axis.points[i].value);
    y.push_back(time.median);
  }
  const PowerFit fit = fit_power(x, y);
  out["exponent"] = fit.exponent;
  out["exponent_error"] = fit.exponent_error;
  out["factor"] = fit.factor;
  out["flop_exponent"] = flop.size() == x.size() ? Json(fit_power(x, flop).exponent) : Json(nullptr);
  return out;
}

std::string unit_of(const Axis& axis) {
  return (axis.unit == "us" ? "µs" : axis.unit) + " per " + axis.what;
}

// Points with their spread, and the fitted power law between the first and the last.
figure::Panel panel_of(const Axis& axis, const Json& result) {
  const double factor = result["factor"].get<double>(), exponent = result["exponent"].get<double>();
  char title[64];
  std::snprintf(title, sizeof title, "%s: exponent %.2f ± %.2f", axis.name.c_str(), exponent,
                result["exponent_error"].get<double>());
  figure::Panel panel;
  panel.title = title;
  panel.x = {.title = axis.label, .log = true};
  panel.y = {.title = unit_of(axis), .log = true};
  figure::Series points{.name = "measured", .color = "c0", .mark = figure::Mark::points},
      fit{.name = "fitted power law", .color = "c4", .dash = "5 4"};
  for (const Json& point : result["points"]) {
    points.x.push_back(point["value"].get<double>());
    points.y.push_back(point["time"].get<double>());
    points.low.push_back(point["time_min"].get<double>());
    points.high.push_back(point["time_max"].get<double>());
  }
  for (const double x : {points.x.front(), points.x.back()}) {
    fit.x.push_back(x);
    fit.y.push_back(factor * std::pow(x, exponent));
  }
  panel.series = {std::move(fit), std::move(points)};
  return panel;
}

void print_axis(const Json& axis) {
  std::printf("\n  %-12s exponent %.3f ± %.3f", axis["axis"].get<std::string>().c_str(), axis["exponent"].get<double>(),
              axis["exponent_error"].get<double>());
  if (!axis["flop_exponent"].is_null()) std::printf(" (counted operations: %.3f)", axis["flop_exponent"].get<double>());
  std::printf(", %s per %s\n", axis["unit"].get<std::string>().c_str(), axis["what"].get<std::string>().c_str());
  for (const Json& point : axis["points"]) {
    std::printf("    %9.0f %11.4f", point["value"].get<double>(), point["time"].get<double>());
    if (point.contains("fraction_of_peak")) std::printf("   %.3f of the peak", point["fraction_of_peak"].get<double>());
    std::printf("\n");
  }
}

}  // namespace

int bench_scale(const BenchOptions& options) {
  const KernelTable<float>& table = select_kernels<float>("");
  ThreadPool pool(options.threads);
  const Shape& shape = options.shape;
  Json out = {{"shape",
               {{"obs_dim", shape.obs_dim},
                {"act_dim", shape.act_dim},
                {"hidden", shape.hidden},
                {"batch_size", shape.batch_size}}},
              {"env", options.env_id},
              {"backend", table.name},
              {"threads", pool.num_threads()},
              {"cpu", cpu_model()}};
  std::vector<bool> disturbed;
  figure::Figure picture;
  Json results = Json::array();
  const auto builders = scale_axes(options);
  for (const auto& build : builders) {
    const Axis axis = build();
    results.push_back(measure(axis, table, pool, options.seconds / static_cast<double>(builders.size()), disturbed));
    picture.panels.push_back(panel_of(axis, results.back()));
  }
  const Verdict quiet = verdict(disturbed);
  out["rounds"] = quiet.rounds;
  out["disturbed_rounds"] = quiet.disturbed;
  out["bad_spell"] = quiet.bad_spell();
  out["axes"] = results;

  const std::string about = "obs " + std::to_string(shape.obs_dim) + ", act " + std::to_string(shape.act_dim) +
                            ", hidden " + std::to_string(shape.hidden) + ", batch " + std::to_string(shape.batch_size) +
                            " · " + table.name + ", " + std::to_string(pool.num_threads()) + " thread" +
                            (pool.num_threads() == 1 ? "" : "s") + " · " + cpu_model();
  if (!options.figure_path.empty()) {
    picture.title = "softac: growth of cost";
    picture.note = about;
    picture.columns = 4;
    picture.panel_width = 330.0;
    write_file_atomic(posix_file_system(), options.figure_path, draw(picture));
    out["figure"] = options.figure_path;
  }
  if (options.json) {
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::printf("growth of cost · %s\n", about.c_str());
  for (const Json& axis : results) print_axis(axis);
  print_disturbance(quiet.rounds, quiet.disturbed);
  if (!options.figure_path.empty()) std::printf("figure: %s\n", options.figure_path.c_str());
  return 0;
}

}  // namespace softac::app
