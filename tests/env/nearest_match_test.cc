#include "base/nearest_match.h"

#include <gtest/gtest.h>

namespace softac {
namespace {

TEST(NearestMatch, DistanceCountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("gamma", "gmama"), 1) << "a swap of neighbours is one edit";
  EXPECT_EQ(edit_distance("hopper", "HOPPER"), 0) << "case is free";
}

TEST(NearestMatch, FindsTheTypoOnly) {
  const std::vector<std::string> ids = {"Hopper-v5", "HalfCheetah-v5", "Pendulum-v1"};
  EXPECT_EQ(nearest_match("HalfCheeta-v5", ids), "HalfCheetah-v5");
  EXPECT_EQ(nearest_match("pendulm-v1", ids), "Pendulum-v1");
  EXPECT_EQ(nearest_match("LunarLander", ids), "");
  EXPECT_EQ(did_you_mean("Hoper-v5", ids), " (did you mean 'Hopper-v5'?)");
  EXPECT_EQ(did_you_mean("xyz", ids), "");
  EXPECT_EQ(nearest_match("abc", {}), "");
}

}  // namespace
}  // namespace softac
