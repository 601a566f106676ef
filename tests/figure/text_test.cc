#include "figure/text.h"

#include <gmock/gmock.h>

#include "figure/colors.h"
#include "figure/ticks.h"

namespace softac::figure {
namespace {

using testing::ElementsAre;

TEST(FigureText, WidthGrowsWithCharactersNotBytes) {
  EXPECT_DOUBLE_EQ(text_width("", 10), 0.0);
  EXPECT_NEAR(text_width("0000", 10), 25.44, 1e-9);
  EXPECT_LT(text_width("iii", 10), text_width("mmm", 10));
  EXPECT_NEAR(text_width("αα", 10), 2 * text_width("α", 10), 1e-12);
}

TEST(FigureText, WrapsAtSpacesAndWithinWideWords) {
  EXPECT_THAT(wrapped("", 10, 100), ElementsAre(""));
  EXPECT_THAT(wrapped("one two", 10, 1000), ElementsAre("one two"));
  EXPECT_THAT(wrapped("one two", 10, text_width("one t", 10)), ElementsAre("one", "two"));
  EXPECT_THAT(wrapped("abcd", 10, text_width("ab", 10) + 0.1), ElementsAre("ab", "cd"));
  for (const std::string& line : wrapped("environment steps of a very long axis title", 12, 80))
    EXPECT_LE(text_width(line, 12), 80.0) << line;
}

TEST(FigureText, ShortensWithAnEllipsis) {
  EXPECT_EQ(shortened("short", 10, 100), "short");
  const std::string cut = shortened("a name that is much too long", 10, 60);
  EXPECT_TRUE(cut.ends_with("…"));
  EXPECT_LE(text_width(cut, 10), 60.0);
}

TEST(FigureText, EscapesWhatXmlDoesNotHave) {
  EXPECT_EQ(escaped("<script>\"a\" & 'b'"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;");
  EXPECT_EQ(escaped("θ µ 日 😀"), "θ µ 日 😀");
  EXPECT_EQ(escaped(std::string("a\0b\x1b", 4)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  for (const char* broken : {"\xff", "\xc3", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_EQ(escaped(broken).find_first_not_of("\xEF\xBF\xBD"), std::string::npos) << broken;
    EXPECT_NE(escaped(broken), "");
  }
}

TEST(FigureTicks, Linear) {
  EXPECT_THAT(linear_ticks(0, 100'000), ElementsAre(0, 20'000, 40'000, 60'000, 80'000, 100'000));
  EXPECT_THAT(linear_ticks(-1.05, 1.05, 5), ElementsAre(-1, -0.5, 0, 0.5, 1));
  EXPECT_THAT(linear_ticks(3, 3), ElementsAre(3, 3));
  EXPECT_EQ(linear_ticks(-1e300, 1e300, 6).size(), 5u);
  for (int most = 2; most < 12; ++most) {
    for (const double high : {1e-7, 0.3, 7.0, 123.0, 99'999.0}) {
      const auto ticks = linear_ticks(-0.1 * high, high, most);
      EXPECT_LE(static_cast<int>(ticks.size()), most);
      EXPECT_GE(ticks.size(), 2u);
    }
  }
}

TEST(FigureTicks, Logarithmic) {
  EXPECT_THAT(log_ticks(0.9, 60), ElementsAre(1, 2, 5, 10, 20, 50));
  EXPECT_THAT(log_ticks(900, 1.1e6), ElementsAre(1e3, 1e4, 1e5, 1e6));
  EXPECT_THAT(log_ticks(1.1, 1.9), ElementsAre(1.1, 1.9));
  EXPECT_LE(log_ticks(1e-9, 1e9).size(), 6u);
}

TEST(FigureTicks, LabelsShareDecimalsAndUnit) {
  EXPECT_THAT(tick_labels({0, 20'000, 40'000}), ElementsAre("0", "20k", "40k"));
  EXPECT_THAT(tick_labels({0, 500'000, 1'000'000, 1'500'000}), ElementsAre("0", "0.5M", "1.0M", "1.5M"));
  EXPECT_THAT(tick_labels({-0.5, 0, 0.5}), ElementsAre("−0.5", "0", "0.5"));
  EXPECT_THAT(tick_labels({-2000, 0, 2000}), ElementsAre("−2000", "0", "2000"));
  EXPECT_THAT(tick_labels({0, 2e-5, 4e-5}), ElementsAre("0", "2e-5", "4e-5"));
  EXPECT_THAT(tick_labels({100.001, 100.002}), ElementsAre("100.001", "100.002"));
  EXPECT_THAT(tick_labels({0, 1e12}), ElementsAre("0", "1e12"));
  EXPECT_THAT(log_tick_labels({1e-5, 0.01, 1, 5000, 20'000, 2e6}),
              ElementsAre("1e-5", "0.01", "1", "5000", "20k", "2M"));
  EXPECT_EQ(short_number(-0.123456), "−0.1235");
}

TEST(FigureColors, NamesAndHexadecimal) {
  EXPECT_EQ(hex_color("c0"), "#1f5fa8");
  EXPECT_EQ(hex_color("#123456"), "#123456");
  EXPECT_FALSE(is_color("red\" onload=\""));
  EXPECT_FALSE(is_color("#12345g"));
  EXPECT_EQ(color_at(0.0, signed_colors()), "#b2182b");
  EXPECT_EQ(color_at(2.0, signed_colors()), "#2166ac");
  EXPECT_EQ(color_at(NAN, signed_colors()), "#dddddd");
  EXPECT_EQ(series_color(0), series_color(kNumSeriesColors));
}

}  // namespace
}  // namespace softac::figure
