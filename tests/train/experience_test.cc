// What enters the replay: vector steps and single transitions by the same rules.
#include "train/experience.h"

#include <gtest/gtest.h>

#include "softac/error.h"

namespace softac::test {
namespace {

// Three steps of two environments with one-dimensional observations; rows as the arguments say.
struct Steps {
  std::vector<float> obs, actions = {0.0f, 0.0f}, reward, next_obs;
  std::vector<std::uint8_t> terminated = {0, 0}, truncated = {0, 0}, failed = {0, 0};
  VectorStep view() const { return {obs, actions, reward, next_obs, terminated, truncated, failed}; }
};

TEST(Experience, VectorStepsAreStoredAsTransitionsAre) {
  ReplayBuffer by_vector({1, 1, 2, 100, 1, 0.99}), by_row({1, 1, 2, 100, 1, 0.99});
  Experience vector(by_vector), row(by_row);
  Steps s;
  for (int t = 0; t < 12; ++t) {
    const auto x = static_cast<float>(t);
    s.obs = {x, -x};
    s.next_obs = {x + 1.0f, -x - 1.0f};
    s.reward = {0.5f * x, 0.25f * x};
    s.terminated = {static_cast<std::uint8_t>(t % 5 == 4), 0};
    s.truncated = {0, static_cast<std::uint8_t>(t % 3 == 2)};
    vector.add(s.view());
    for (std::size_t i = 0; i < 2; ++i) {
      row.add(static_cast<int>(i), {std::span(s.obs).subspan(i, 1), std::span(s.actions).subspan(i, 1), s.reward[i],
                                    std::span(s.next_obs).subspan(i, 1), s.terminated[i] != 0, s.truncated[i] != 0});
    }
  }
  EXPECT_EQ(by_vector.num_transitions(), 24);
  EXPECT_EQ(by_vector.digest(), by_row.digest());
}

TEST(Experience, AFailedRowIsNotStoredAndEndsTheEpisodeBefore) {
  ReplayBuffer replay({1, 1, 2, 100, 1, 0.99}), expected({1, 1, 2, 100, 1, 0.99});
  Experience experience(replay), by_hand(expected);
  Steps s;
  s.obs = {0.0f, 0.0f}, s.next_obs = {1.0f, 1.0f}, s.reward = {1.0f, 1.0f};
  experience.add(s.view());
  by_hand.add(s.view());
  s.obs = {1.0f, 1.0f}, s.next_obs = {2.0f, 9.0f}, s.failed = {0, 1};
  experience.add(s.view());
  EXPECT_EQ(replay.num_transitions(), 3);
  by_hand.add(0, {std::span(s.obs).first(1), std::span(s.actions).first(1), 1.0f, std::span(s.next_obs).first(1)});
  expected.end_episode(1);
  EXPECT_EQ(replay.digest(), expected.digest());
}

TEST(Experience, RowsOfWrongSizesAreRefused) {
  ReplayBuffer replay({1, 1, 2, 100, 1, 0.99});
  Experience experience(replay);
  Steps s;
  s.obs = {0.0f, 0.0f}, s.next_obs = {1.0f}, s.reward = {1.0f, 1.0f};
  EXPECT_THROW(experience.add(s.view()), ContractError);
  s.next_obs = {1.0f, 1.0f}, s.reward = {1.0f};
  EXPECT_THROW(experience.add(s.view()), ContractError);
  EXPECT_EQ(replay.num_transitions(), 0);
}

}  // namespace
}  // namespace softac::test
