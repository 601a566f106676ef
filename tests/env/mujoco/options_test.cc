// Constructor arguments: values out of range, all reported at once; which version has which.
#include <gmock/gmock.h>
#include <mujoco/mujoco.h>

#include "fixture.h"
#include "softac/error.h"

namespace softac {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MujocoOptions, ReportsEveryValueOutOfRangeAtOnce) {
  const std::string message = message_of<ConfigError>([] {
    make_env("Hopper-v5", {{"frame_skip", 2.5},
                           {"reset_noise_scale", -0.1},
                           {"healthy_z_range", std::vector<double>{2.0, 1.0}},
                           {"healthy_angle_range", std::vector<double>{0.1}},
                           {"ctrl_cost_weight", std::numeric_limits<double>::infinity()},
                           {"xml_file", std::string()}});
  });
  EXPECT_THAT(message, AllOf(HasSubstr("Hopper-v5"), HasSubstr("frame_skip"), HasSubstr("2.5"),
                             HasSubstr("reset_noise_scale"), HasSubstr("healthy_z_range"), HasSubstr("[2, 1]"),
                             HasSubstr("healthy_angle_range"), HasSubstr("ctrl_cost_weight"), HasSubstr("xml_file")));
  EXPECT_THAT(message, Not(HasSubstr("healthy_reward")));
}

TEST(MujocoOptions, VersionFourHasFewerArguments) {
  EXPECT_THROW(make_env("HalfCheetah-v4", {{"frame_skip", 3.0}}), ConfigError);
  EXPECT_THROW(make_env("Reacher-v4", {{"reward_dist_weight", 3.0}}), ConfigError);
  EXPECT_THROW(make_env("Ant-v5", {{"use_contact_forces", true}}), ConfigError);
}

TEST(MujocoOptions, PusherFourExistsBelowThree) {
  bool listed = false;
  for (const auto& [info, factory] : mujoco_env_table()) listed = listed || info.id == "Pusher-v4";
  EXPECT_EQ(listed, mj_version() < 300);
  EXPECT_EQ(mujoco_env_unavailable("Pusher-v4").empty(), listed);
  EXPECT_EQ(mujoco_env_unavailable("Pusher-v5"), "");
  if (!listed) {
    EXPECT_THAT(message_of<ConfigError>([] { make_env("Pusher-v4"); }),
                AllOf(HasSubstr("Pusher-v4 needs a MuJoCo below 3.0"), HasSubstr(mj_versionString())));
  }
}

TEST(MujocoOptions, TableHoldsElevenTasksInBothVersions) {
  EXPECT_EQ(mujoco_env_table().size(), mj_version() < 300 ? 22u : 21u);
}

}  // namespace
}  // namespace softac
