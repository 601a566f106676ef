// MuJoCo's tasks by its renderer without a display: not blank, moving, with the robot in the picture through whole
// episodes, the same bytes twice, and nothing of the simulation changed. MUJOCO_GL says by which library.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "render/gl_context.h"
#include "render/mujoco/mujoco_renderer.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr const char* kTasks[] = {
    "Ant",    "HalfCheetah", "Hopper",  "Humanoid", "HumanoidStandup", "InvertedDoublePendulum", "InvertedPendulum",
    "Pusher", "Reacher",     "Swimmer", "Walker2d"};
constexpr int kWidth = 160, kHeight = 120;
constexpr double kLeastShare = 0.0015;  // of the picture: Reacher's arm, seen from above, is thin

// Draws with the robot left out, if asked to.
class Hiding final : public MujocoRenderer {
 public:
  using MujocoRenderer::MujocoRenderer;
  bool hide = false;

 protected:
  void edit(mjvScene& scene) override {
    if (!hide) return;
    const auto belongs = [this](const mjvGeom& geom) {
      return geom.objtype == mjOBJ_GEOM && model().geom_bodyid[geom.objid] != 0;
    };
    for (int i = 0; i < scene.ngeom; ++i) {
      if (belongs(scene.geoms[i])) scene.geoms[i].rgba[3] = 0.0f;
    }
  }
};

std::size_t num_colors(const Image& image) {
  std::set<int> colors;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3)
    colors.insert(image.rgb[i] << 16 | image.rgb[i + 1] << 8 | image.rgb[i + 2]);
  return colors.size();
}

double share_that_differs(const Image& a, const Image& b) {
  int count = 0;
  for (std::size_t i = 0; i < a.rgb.size(); i += 3) count += std::equal(&a.rgb[i], &a.rgb[i] + 3, &b.rgb[i]) ? 0 : 1;
  return static_cast<double>(count) / (a.width * a.height);
}

class Frames : public testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    try {
      gl_context();
      missing_.clear();
    } catch (const IoError& error) {
      missing_ = error.what();
    }
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_;
  }
  const MujocoEnv& mujoco() const { return dynamic_cast<const MujocoEnv&>(*env_); }

  std::unique_ptr<Env> make(const std::string& task) {
    auto env = make_env(task + "-v5");
    obs_.resize(env->spec().obs_dim);
    env->reset(rng_, obs_);
    return env;
  }
  void random_step(Env& env) {
    std::vector<double> action;
    for (std::size_t i = 0; i < env.spec().act_low.size(); ++i)
      action.push_back(rng_.uniform(env.spec().act_low[i], env.spec().act_high[i]));
    if (env.step(action, obs_).terminated) env.reset(rng_, obs_);
  }

  inline static std::string missing_;
  Rng rng_{5, StreamKind::env, 0};
  std::vector<double> obs_;
  std::unique_ptr<Env> env_;
};

TEST_P(Frames, ShowTheRobotThroughoutEpisodes) {
  env_ = make(GetParam());
  Hiding renderer(mujoco(), {kWidth, kHeight});
  constexpr int kPictures = 12;
  const int between = std::min(env_->spec().max_episode_steps, 1000) / kPictures;
  Image before;
  for (int i = 0; i < kPictures; ++i) {
    renderer.hide = false;
    const Image shown = renderer.draw(*env_, obs_, {});
    EXPECT_GT(num_colors(shown), 50u);
    if (i > 0) {
      EXPECT_GT(share_that_differs(shown, before), 0.001) << i;
    }
    renderer.hide = true;
    EXPECT_GT(share_that_differs(shown, renderer.draw(*env_, obs_, {})), kLeastShare) << i;
    before = shown;
    for (int step = 0; step < between; ++step) random_step(*env_);
  }
}

TEST_P(Frames, TheSameTwiceAndNothingChanges) {
  env_ = make(GetParam());
  for (int i = 0; i < 5; ++i) random_step(*env_);
  const std::vector<std::byte> state = env_->save_state();
  MujocoRenderer renderer(mujoco(), {kWidth, kHeight});
  const Image first = renderer.draw(*env_, obs_, {});
  EXPECT_EQ(renderer.draw(*env_, obs_, {}).rgb, first.rgb);
  MujocoRenderer another(mujoco(), {kWidth, kHeight});
  EXPECT_EQ(another.draw(*env_, obs_, {}).rgb, first.rgb);
  EXPECT_EQ(env_->save_state(), state);
  const auto loaded = make(GetParam());  // a state that was loaded, not stepped to, is drawn as well
  loaded->load_state(state);
  EXPECT_EQ(renderer.draw(*loaded, obs_, {}).rgb, first.rgb);
}

INSTANTIATE_TEST_SUITE_P(Tasks, Frames, testing::ValuesIn(kTasks));

class Renderers : public Frames {};

TEST_P(Renderers, SizesShadowsAndOtherThreads) {
  env_ = make("HalfCheetah");
  MujocoRenderer natural(mujoco(), {});
  EXPECT_EQ(natural.draw(*env_, obs_, {}).width, MujocoRenderer::kSide);
  MujocoRenderer plain(mujoco(), {321, 123}), shadows(mujoco(), {321, 123, true});
  const Image first = plain.draw(*env_, obs_, {});
  EXPECT_EQ(first.width, 321);
  EXPECT_EQ(first.height, 123);
  EXPECT_GT(share_that_differs(first, shadows.draw(*env_, obs_, {})), 0.005);
  Image elsewhere;
  std::thread([&] { elsewhere = plain.draw(*env_, obs_, {}); }).join();
  EXPECT_EQ(elsewhere.rgb, first.rgb);
  EXPECT_STREQ(gl_context()->name(), GetParam());
}

std::string wanted_gl() {
  const char* wanted = std::getenv("MUJOCO_GL");
  return wanted == nullptr ? "egl" : wanted;
}
const std::string kWanted = wanted_gl();
INSTANTIATE_TEST_SUITE_P(Gl, Renderers, testing::Values(kWanted.c_str()));

}  // namespace
}  // namespace softac
