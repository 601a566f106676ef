#include "figure/chart_json.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <span>

#include "base/json.h"
#include "base/nearest_match.h"
#include "softac/error.h"

namespace softac::figure {
namespace {

// One object of the file: its values by key, and where it stands.
class Reader {
 public:
  Reader(const Json& object, std::string place, std::initializer_list<std::string_view> keys)
      : object_(object), place_(std::move(place)) {
    if (!object.is_object()) fail("expected an object");
    for (const auto& [key, value] : object.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail("unknown key \"" + key + "\"" + did_you_mean(key, std::vector<std::string>(keys.begin(), keys.end())));
    }
  }

  const std::string& place() const { return place_; }
  std::string place_of(std::string_view key) const { return place_ + "." + std::string(key); }
  const Json* find(std::string_view key) const { return object_.find(key); }

  void read(const char* key, std::string& out) const {
    if (const Json* value = find(key)) {
      if (!value->is_string()) fail(key, "a text");
      out = value->get<std::string>();
    }
  }
  void read(const char* key, bool& out) const {
    if (const Json* value = find(key)) {
      if (!value->is_boolean()) fail(key, "true or false");
      out = value->get<bool>();
    }
  }
  void read(const char* key, double& out, double least = -kLargestLimit, double most = kLargestLimit) const {
    if (const Json* value = find(key)) {
      if (!value->is_number() || value->get<double>() < least || value->get<double>() > most)
        fail(key, least > -kLargestLimit ? "a number in range" : "a number");
      out = value->get<double>();
    }
  }
  void read(const char* key, int& out, int least, int most) const {
    if (const Json* value = find(key)) {
      if (!value->is_number_integer() || value->get<double>() < least || value->get<double>() > most)
        fail(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
      out = value->get<int>();
    }
  }
  void read(const char* key, std::vector<double>& out) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) fail(key, "a list of numbers");
    for (const Json& item : *value) {
      if (!item.is_number() && !item.is_null()) fail(key, "numbers and null alone");
      out.push_back(item.is_null() ? NAN : item.get<double>());
    }
  }
  void read_color(const char* key, std::string& out) const {
    read(key, out);
    if (!out.empty() && !is_color(out)) fail(key, "c0 to c7, text, muted, grid, frame, paper, wall or \"#rrggbb\"");
  }
  std::span<const Json> list(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_array()) fail(key, "a list");
    return value->list();
  }
  [[noreturn]] void fail(const char* key, const std::string& expected) const {
    throw IoError(place_of(key) + ": expected " + expected);
  }
  [[noreturn]] void fail(const std::string& what) const { throw IoError(place_ + ": " + what); }

 private:
  const Json& object_;
  std::string place_;
};

std::string item_place(const Reader& in, const char* key, std::size_t i) {
  return in.place_of(key) + "[" + std::to_string(i) + "]";
}

Axis axis_of(const Json& json, const std::string& place) {
  Axis axis;
  if (json.is_string()) {
    axis.title = json.get<std::string>();
    return axis;
  }
  const Reader in(json, place, {"title", "log", "low", "high", "ticks"});
  in.read("title", axis.title);
  in.read("log", axis.log);
  in.read("low", axis.low, axis.log ? 1.0 / kLargestLimit : -kLargestLimit);
  in.read("high", axis.high, axis.log ? 1.0 / kLargestLimit : -kLargestLimit);
  in.read("ticks", axis.ticks);
  if (!std::isnan(axis.low) && !std::isnan(axis.high) && !(axis.low < axis.high)) in.fail("low must be below high");
  return axis;
}

Series series_of(const Json& json, const std::string& place) {
  const Reader in(json, place, {"name", "x", "y", "low", "high", "color", "mark", "width", "opacity", "dash"});
  Series series;
  in.read("name", series.name);
  in.read("x", series.x);
  in.read("y", series.y);
  in.read("low", series.low);
  in.read("high", series.high);
  in.read_color("color", series.color);
  in.read("width", series.width, 0.0, 100.0);
  in.read("opacity", series.opacity, 0.0, 1.0);
  in.read("dash", series.dash);
  if (series.dash.find_first_not_of("0123456789. ,") != std::string::npos) in.fail("dash", "lengths, such as \"5 4\"");
  std::string mark = "line";
  in.read("mark", mark);
  if (mark != "line" && mark != "points") in.fail("mark", "\"line\" or \"points\"");
  series.mark = mark == "line" ? Mark::line : Mark::points;
  const std::size_t size = series.x.size();
  if (series.y.size() != size) in.fail("y", std::to_string(size) + " numbers, as many as x has");
  if (series.low.size() != series.high.size() || (!series.low.empty() && series.low.size() != size))
    in.fail("low and high: expected " + std::to_string(size) + " numbers each, as many as x has");
  return series;
}

Disc disc_of(const Json& json, const std::string& place) {
  const Reader in(json, place, {"x", "y", "radius", "color", "opacity"});
  Disc disc;
  in.read("x", disc.x);
  in.read("y", disc.y);
  in.read("radius", disc.radius, 0.0);
  in.read_color("color", disc.color);
  in.read("opacity", disc.opacity, 0.0, 1.0);
  return disc;
}

HeatMap map_of(const Json& json, const std::string& place) {
  const Reader in(json, place, {"rows", "cols", "values", "low", "high", "colors"});
  HeatMap map;
  in.read("rows", map.rows, 1, 10'000);
  in.read("cols", map.cols, 1, 10'000);
  in.read("values", map.values);
  in.read("low", map.low);
  in.read("high", map.high);
  std::string colors = "values";
  in.read("colors", colors);
  if (colors != "values" && colors != "signed") in.fail("colors", "\"values\" or \"signed\"");
  const std::span<const Rgb> stops = colors == "values" ? value_colors() : signed_colors();
  map.colors.assign(stops.begin(), stops.end());
  const std::int64_t cells = std::int64_t{map.rows} * map.cols;
  if (cells < 1 || map.values.size() != static_cast<std::size_t>(cells))
    in.fail("values", "rows × cols = " + std::to_string(cells) + " numbers");
  return map;
}

Panel panel_of(const Json& json, const std::string& place) {
  const Reader in(json, place, {"title", "x", "y", "series", "discs", "map", "square_units"});
  Panel panel;
  in.read("title", panel.title);
  if (const Json* x = in.find("x")) panel.x = axis_of(*x, in.place_of("x"));
  if (const Json* y = in.find("y")) panel.y = axis_of(*y, in.place_of("y"));
  const auto series = in.list("series"), discs = in.list("discs");
  for (std::size_t i = 0; i < series.size(); ++i)
    panel.series.push_back(series_of(series[i], item_place(in, "series", i)));
  for (std::size_t i = 0; i < discs.size(); ++i) panel.discs.push_back(disc_of(discs[i], item_place(in, "discs", i)));
  if (const Json* map = in.find("map")) panel.map = map_of(*map, in.place_of("map"));
  in.read("square_units", panel.square_units);
  if (panel.square_units && (panel.x.log || panel.y.log)) in.fail("square_units", "axes without logarithms");
  return panel;
}

}  // namespace

Figure figure_from_json(std::string_view text, const std::string& source) {
  constexpr int kMaxDepth = 8;
  Json json;
  try {
    json = parse_json(text, kMaxDepth);
  } catch (const JsonError& error) {
    throw IoError(source + ": no figure: " + error.what());
  }
  const Reader in(json, source, {"title", "note", "panels", "columns", "panel_width", "plot_height", "legend"});
  Figure figure;
  in.read("title", figure.title);
  in.read("note", figure.note);
  in.read("columns", figure.columns, 1, 100);
  in.read("panel_width", figure.panel_width, 150.0, 10'000.0);
  in.read("plot_height", figure.plot_height, 40.0, 10'000.0);
  in.read("legend", figure.legend);
  const auto panels = in.list("panels");
  if (panels.empty()) in.fail("panels", "at least one");
  for (std::size_t i = 0; i < panels.size(); ++i)
    figure.panels.push_back(panel_of(panels[i], item_place(in, "panels", i)));
  return figure;
}

}  // namespace softac::figure
