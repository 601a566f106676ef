// Durations, lists of seeds and shapes of the command line.
#include "parse.h"

#include <gtest/gtest.h>

#include "exit_code.h"

namespace softac::app {
namespace {

TEST(Parse, Durations) {
  EXPECT_EQ(parse_duration("90"), 90.0);
  EXPECT_EQ(parse_duration("90s"), 90.0);
  EXPECT_EQ(parse_duration("15m"), 900.0);
  EXPECT_EQ(parse_duration("1.5h"), 5400.0);
  EXPECT_EQ(parse_duration("1d2h3m4s"), 93784.0);
  for (const char* wrong : {"", "h", "2x", "-1h", "1h-5m", "0", "nan", "inf", "1e999", "2 h"}) {
    EXPECT_THROW(parse_duration(wrong), UsageError) << wrong;
  }
}

TEST(Parse, DurationsAsText) {
  EXPECT_EQ(duration_text(0.9), "0s");
  EXPECT_EQ(duration_text(59.99), "59s");
  EXPECT_EQ(duration_text(125), "2m05s");
  EXPECT_EQ(duration_text(3725), "1h02m");
  EXPECT_EQ(duration_text(1e300 * 1e300), "?");
  EXPECT_EQ(duration_text(-1), "?");
}

TEST(Parse, Seeds) {
  using Seeds = std::vector<std::uint64_t>;
  EXPECT_EQ(parse_seeds("3"), Seeds{3});
  EXPECT_EQ(parse_seeds("0..3"), (Seeds{0, 1, 2, 3}));
  EXPECT_EQ(parse_seeds("7,1,4..5"), (Seeds{7, 1, 4, 5}));
  EXPECT_EQ(parse_seeds("0..9999").size(), 10'000u);
  EXPECT_EQ(parse_seeds("18446744073709551615").front(), 18446744073709551615u);
  for (const char* wrong : {"", "a", "1,", ",1", "3..1", "1..", "1...3", "-1", "1,1", "0..3,2", "0..10000",
                            "0..18446744073709551615", "18446744073709551616", "1 2"}) {
    EXPECT_THROW(parse_seeds(wrong), UsageError) << wrong;
  }
}

TEST(Parse, Shapes) {
  EXPECT_EQ(parse_shape("halfcheetah").obs_dim, 17);
  EXPECT_EQ(parse_shape("humanoid").act_dim, 17);
  const Shape shape = parse_shape("3,1,64,128");
  EXPECT_EQ(shape.obs_dim, 3);
  EXPECT_EQ(shape.act_dim, 1);
  EXPECT_EQ(shape.hidden, 64);
  EXPECT_EQ(shape.batch_size, 128);
  for (const char* wrong :
       {"", "cheetah", "1,2,3", "1,2,3,4,5", "0,1,2,3", "1,2,3,-4", "1,2,3,65537", "1, 2,3,4", "1,2,3,4 "}) {
    EXPECT_THROW(parse_shape(wrong), UsageError) << wrong;
  }
}

}  // namespace
}  // namespace softac::app
