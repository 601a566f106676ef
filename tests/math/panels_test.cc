// The panel layout and the arena that holds it.
#include "softac/panels.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include "math/arena.h"
#include "math/lane_tree.h"

namespace softac {
namespace {

TEST(Panels, ElementsAreDistinctAndInside) {
  Arena arena;
  const auto m = arena.panels<float>(7, 35);
  std::set<const float*> seen;
  for (int r = 0; r < 7; ++r) {
    for (int c = 0; c < 35; ++c) {
      const float* element = &m.at(r, c);
      EXPECT_TRUE(seen.insert(element).second);
      EXPECT_GE(element, m.data);
      EXPECT_LT(element, m.data + m.panel_stride * num_panels(35));
    }
  }
  EXPECT_EQ(&m.rows_from(3, 2).at(1, 20), &m.at(4, 20));
  EXPECT_EQ(&m.first_cols(5).at(6, 4), &m.at(6, 4));
}

TEST(Arena, MemoryIsAlignedZeroAndCounted) {
  Arena arena;
  for (int i = 1; i < 50; ++i) {
    const auto* block = arena.take<double>(static_cast<std::size_t>(i));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0u);
    for (int k = 0; k < i; ++k) EXPECT_EQ(block[k], 0.0);
  }
  EXPECT_GE(arena.bytes(), 49u * 50u / 2u * sizeof(double));
}

TEST(LaneSum, FollowsTheDocumentedTree) {
  float x[40];
  for (int i = 0; i < 40; ++i) x[i] = 1.0f / static_cast<float>(3 + i * i);
  float lanes[16] = {};
  for (int i = 0; i < 40; ++i) lanes[i % 16] += x[i];
  const auto eight = [&](int i) { return lanes[i] + lanes[i + 8]; };
  const auto four = [&](int i) { return eight(i) + eight(i + 4); };
  const auto two = [&](int i) { return four(i) + four(i + 2); };
  EXPECT_EQ(lane_sum(x, 40), two(0) + two(1));
}

}  // namespace
}  // namespace softac
