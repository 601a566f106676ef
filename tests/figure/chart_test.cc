#include "figure/chart.h"

#include <gmock/gmock.h>

#include <regex>

#include "figure/chart_json.h"
#include "figure/text.h"
#include "softac/error.h"
#include "support/count.h"

namespace softac::figure {
namespace {

using testing::HasSubstr;
using testing::Not;

Figure one(Series series) {
  Figure figure;
  figure.panels.push_back(
      {.x = {.title = "environment steps"}, .y = {.title = "return"}, .series = {std::move(series)}});
  return figure;
}

// Every text lies within the drawing, by the widths that the layout goes by.
void expect_nothing_cut_off(const std::string& svg) {
  std::smatch size;
  ASSERT_TRUE(std::regex_search(svg, size, std::regex("viewBox=\"0 0 (\\S+) (\\S+)\"")));
  const double width = std::stod(size[1]), height = std::stod(size[2]);
  const std::regex text("<text x=\"(\\S+)\" y=\"(\\S+)\"[^>]*font-size=\"(\\S+)\"([^>]*)>([^<]*)<");
  int texts = 0;
  for (std::sregex_iterator it(svg.begin(), svg.end(), text), end; it != end; ++it, ++texts) {
    const double x = std::stod((*it)[1]), y = std::stod((*it)[2]);
    const double length = text_width((*it)[5].str(), std::stod((*it)[3]));
    const std::string rest = (*it)[4];
    const double before = rest.find("middle") != std::string::npos    ? length / 2
                          : rest.find("\"end\"") != std::string::npos ? length
                                                                      : 0.0;
    if (rest.find("rotate") != std::string::npos) {
      EXPECT_GE(y - before, 0.0) << (*it)[5];
      EXPECT_LE(y + before, height) << (*it)[5];
      continue;
    }
    EXPECT_GE(x - before, 0.0) << (*it)[5];
    EXPECT_LE(x - before + length, width) << (*it)[5];
    EXPECT_LE(y, height) << (*it)[5];
  }
  EXPECT_GT(texts, 0);
}

TEST(Chart, NamesAxesAndCutsNothingOff) {
  const Series line{.name = "mean of 5 seeds", .x = {0, 50'000, 100'000}, .y = {-300, 4000, 6800}};
  const std::string svg = draw(one(line));
  EXPECT_THAT(svg, testing::StartsWith("<svg "));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
  for (const char* part : {">environment steps<", ">return<", ">0<", ">100k<", ">6000<", ">mean of 5 seeds<"})
    EXPECT_THAT(svg, HasSubstr(part));
  expect_nothing_cut_off(svg);
  Figure many;
  many.title = "A figure whose title is so long that it has to be broken into lines before it ends, as it should be";
  many.note =
      "obs 17, act 6, hidden 256, batch 256 · avx2, 1 thread · a processor with quite a long name of its own @ 2.00GHz";
  for (int i = 0; i < 5; ++i) {
    many.panels.push_back({"panel " + std::to_string(i),
                           {"steps, in units of what a wrong action would cost, in words"},
                           {.title = "−"},
                           {line, {.name = "another", .x = {0, 123'456'789}, .y = {-1e-9, 1e-9}}}});
  }
  many.columns = 2;
  expect_nothing_cut_off(draw(many));
}

TEST(Chart, WhatIsNotFiniteIsAGap) {
  const double nan = NAN, inf = INFINITY;
  const std::string svg = draw(one({.x = {0, 1, 2, 3, 4, 5, 6}, .y = {1, 2, nan, 3, inf, 5, 6}}));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
  std::smatch path;
  ASSERT_TRUE(std::regex_search(svg, path, std::regex("<path d=\"([^\"]*)\"")));
  EXPECT_EQ(count(path[1], "M"), 3);  // two lines and a dot between gaps
  EXPECT_EQ(count(path[1], "h0"), 1);
}

TEST(Chart, NothingToDrawStillHasAxes) {
  for (const bool log : {false, true}) {
    Figure figure = one({.x = {}, .y = {}});
    figure.panels[0].y.log = log;
    EXPECT_THAT(draw(figure), HasSubstr(">environment steps<"));
    figure.panels[0].series = {{.x = {1, 2}, .y = {NAN, log ? -1.0 : NAN}}, {.x = {3}, .y = {log ? 0.0 : INFINITY}}};
    const std::string svg = draw(figure);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("<path")));
  }
  EXPECT_THAT(draw(one({.x = {5}, .y = {0}})), HasSubstr("h0"));
}

TEST(Chart, LogarithmicPointsAndTheirFit) {
  Figure figure;
  for (int i = 0; i < 5; ++i) {
    Series points{.name = "a < b",
                  .x = {1, 10},
                  .y = {2, 20},
                  .low = {1, 19},
                  .high = {3, 21},
                  .color = "c0",
                  .mark = Mark::points};
    Series fit{.name = "x & y", .x = {1, 10}, .y = {2, 20}, .color = "c4", .dash = "5 4"};
    figure.panels.push_back({"p", {.title = "x", .log = true}, {.title = "y", .log = true}, {fit, points}});
  }
  const std::string svg = draw(figure);
  EXPECT_EQ(count(svg, "<circle"), 10 + 1);  // and the legend
  EXPECT_EQ(count(svg, "stroke-dasharray"), 5 + 1);
  EXPECT_EQ(count(svg, "a &lt; b"), 1);  // one legend for panels that agree
  EXPECT_EQ(count(svg, "x &amp; y"), 1);
  std::smatch circle, path;
  ASSERT_TRUE(std::regex_search(svg, path, std::regex("<path d=\"M(\\S+) ")));
  const std::string plot = svg.substr(svg.find("<path"));
  ASSERT_TRUE(std::regex_search(plot, circle, std::regex("<circle cx=\"(\\S+)\"")));
  EXPECT_NEAR(std::stod(path[1]), std::stod(circle[1]), 0.06);  // both lie on y = 2x
}

TEST(Chart, PanelsThatDisagreeHaveLegendsOfTheirOwn) {
  Figure figure;
  for (const char* color : {"c0", "c1"})
    figure.panels.push_back({"", {}, {}, {{.name = "same", .x = {0, 1}, .y = {0, 1}, .color = color}}});
  EXPECT_EQ(count(draw(figure), ">same<"), 2);
  figure.panels[1].series[0].color = "c0";
  EXPECT_EQ(count(draw(figure), ">same<"), 1);
  figure.legend = false;
  EXPECT_EQ(count(draw(figure), ">same<"), 0);
}

TEST(Chart, AbsurdNumbersStayInPlace) {
  const double limits[] = {kAuto, -1e290, 0.0, 1e-290, 5.0, 1e290};
  for (const bool log : {false, true}) {
    for (const double low : limits) {
      for (const double high : limits) {
        if (low >= high || (log && (low <= 0.0 || high <= 0.0))) continue;
        Figure figure = one({.x = {-1e308, 0, 1e-320, 5, 1e18, 1e308}, .y = {1e308, -1e308, 5, 1e290, -1e290, 1e-310}});
        figure.panels[0].y = {.title = std::string(5000, 'w'), .log = log, .low = low, .high = high};
        const std::string svg = draw(figure);
        EXPECT_EQ(svg.find("nan"), std::string::npos) << log << " " << low << " " << high;
        EXPECT_EQ(svg.find("inf"), std::string::npos);
        EXPECT_EQ(svg.find("=\"-"), std::string::npos);  // neither sizes nor places of axes are negative
      }
    }
  }
}

TEST(Chart, SquareUnits) {
  Figure figure = one({.x = {0, 2}, .y = {0, 1}});
  Panel& panel = figure.panels[0];
  panel.x.low = panel.y.low = -2;
  panel.x.high = panel.y.high = 2;
  panel.square_units = true;
  panel.discs = {{1, 1, 0.5}};
  const std::string svg = draw(figure);
  std::smatch frame, disc;
  ASSERT_TRUE(std::regex_search(svg, disc, std::regex("<circle [^>]*r=\"(\\S+)\"")));
  ASSERT_TRUE(std::regex_search(svg, frame, std::regex("<svg x=[^>]* width=\"(\\S+)\" height=\"(\\S+)\"")));
  EXPECT_EQ(frame[1], frame[2]);
  EXPECT_NEAR(std::stod(disc[1]), std::stod(frame[1]) / 8, 0.01);
}

TEST(Chart, LimitsClip) {
  Figure figure = one({.x = {0, 1}, .y = {0, 100}});
  EXPECT_EQ(count(draw(figure), "<svg "), 1);
  figure.panels[0].y.high = 10;
  EXPECT_EQ(count(draw(figure), "<svg "), 2);
}

TEST(Chart, PagesTakeColoursFromTheirStyleSheet) {
  const std::string svg =
      draw(one({.x = {0, 1}, .y = {1, 2}, .low = {0, 1}, .high = {2, 3}, .css = "g0 mean"}), Ink::page);
  EXPECT_THAT(svg, HasSubstr("class=\"s-c0 g0 mean\""));
  EXPECT_THAT(svg, HasSubstr("data-x=\"0 1 lin\""));
  EXPECT_THAT(svg, HasSubstr("data-plot=\""));
  EXPECT_THAT(svg, Not(HasSubstr("#")));
  EXPECT_THAT(ink_css(), HasSubstr(".f-c0{fill:var(--c0)}"));
}

TEST(Chart, HeatMapJoinsCellsOfOneColour) {
  Figure figure;
  figure.panels.push_back(
      {.title = "V", .map = HeatMap{2, 3, {0, 0, 0, 0, 1, NAN}, 0, 1, {value_colors().begin(), value_colors().end()}}});
  const std::string svg = draw(figure);
  EXPECT_EQ(count(svg, "<rect"), 1 + 4 + 50 + 1);  // paper, cells, colour bar, frame
  EXPECT_THAT(svg, HasSubstr("#dddddd"));
}

TEST(Chart, LengthsAndColoursMustFit) {
  EXPECT_THROW(draw(one({.x = {1}, .y = {}})), ContractError);
  EXPECT_THROW(draw(one({.x = {1}, .y = {1}, .low = {1}})), ContractError);
  EXPECT_THROW(draw(one({.x = {1}, .y = {1}, .color = "blue"})), ContractError);
  Figure figure = one({.x = {1}, .y = {1}});
  figure.panels[0].y.low = 2;
  figure.panels[0].y.high = 2;
  EXPECT_THROW(draw(figure), ContractError);
}

TEST(ChartJson, ReadsAFigure) {
  const Figure figure = figure_from_json(R"({"title": "t", "columns": 2, "panels": [
      {"title": "p", "x": "steps", "y": {"title": "y", "log": true, "low": 0.5},
       "series": [{"name": "a", "x": [1, 2], "y": [null, 2], "low": [1, 1], "high": [3, 3], "mark": "points", "color": "c3"}],
       "discs": [{"x": 1, "y": 0, "radius": 0.5}]},
      {"map": {"rows": 1, "cols": 2, "values": [0, 1], "colors": "signed"}}]})",
                                         "f.json");
  ASSERT_EQ(figure.panels.size(), 2u);
  const Panel& panel = figure.panels[0];
  EXPECT_EQ(panel.x.title, "steps");
  EXPECT_TRUE(panel.y.log);
  EXPECT_EQ(panel.y.low, 0.5);
  ASSERT_EQ(panel.series.size(), 1u);
  EXPECT_TRUE(std::isnan(panel.series[0].y[0]));
  EXPECT_EQ(panel.series[0].mark, Mark::points);
  EXPECT_EQ(panel.discs[0].radius, 0.5);
  EXPECT_TRUE(figure.panels[1].map.has_value());
  EXPECT_THAT(draw(figure), Not(HasSubstr("nan")));
}

TEST(ChartJson, SaysWhatIsWrongAndWhere) {
  for (const auto& [text, part] : std::vector<std::pair<const char*, const char*>>{
           {"", "f.json: no figure"},
           {"[]", "f.json: expected an object"},
           {"{}", "f.json.panels: expected at least one"},
           {R"({"panels": 3})", "f.json.panels: expected a list"},
           {R"({"panels": [{"sries": []}]})", "panels[0]: unknown key \"sries\" (did you mean 'series'?)"},
           {R"({"panels": [{"series": [{"x": [1], "y": [1, 2]}]}]})", "series[0].y: expected 1 numbers"},
           {R"({"panels": [{"series": [{"x": ["a"], "y": [1]}]}]})", "series[0].x: expected numbers and null"},
           {R"({"panels": [{"series": [{"color": "red"}]}]})", "series[0].color: expected c0"},
           {R"({"panels": [{"series": [{"dash": "\" onload="}]}]})", "series[0].dash: expected lengths"},
           {R"({"panels": [{"y": {"low": 1, "high": 1}}]})", "y: low must be below high"},
           {R"({"panels": [{"y": {"log": true, "low": 0}}]})", "y.low: expected a number in range"},
           {R"({"panels": [{"map": {"rows": 2, "cols": 2, "values": [1]}}]})", "map.values: expected rows × cols = 4"},
           {R"({"panels": [{"y": {"log": true}, "square_units": true}]})", "square_units: expected axes without"},
           {R"({"columns": 0, "panels": [{}]})", "columns: expected a whole number from 1 to 100"}}) {
    try {
      figure_from_json(text, "f.json");
      ADD_FAILURE() << text;
    } catch (const IoError& error) {
      EXPECT_THAT(error.what(), HasSubstr(part)) << text;
    }
  }
}

}  // namespace
}  // namespace softac::figure
