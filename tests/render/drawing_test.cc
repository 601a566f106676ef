// Drawings of classic control and softac's own tasks: every one is drawn, moves, and shows what the state says.
#include "render/drawing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "render/renderer.h"
#include "softac/error.h"
#include "softac/vec_env.h"

namespace softac {
namespace {

constexpr const char* kDrawn[] = {"Pendulum-v1",    "CartPole-v1", "Acrobot-v1", "MountainCarContinuous-v0",
                                  "MountainCar-v0", "TwoPeaks-v0", "TwoWay-v0"};

std::size_t num_colors(const Image& image) {
  std::set<int> colors;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3)
    colors.insert(image.rgb[i] << 16 | image.rgb[i + 1] << 8 | image.rgb[i + 2]);
  return colors.size();
}

// Where the pixels of one colour are on average, in pixels from the top left.
struct Place {
  double x = 0.0, y = 0.0;
  int count = 0;
};
Place place_of(const Image& image, Color color) {
  Place place;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* p = image.row(y) + 3 * x;
      if (p[0] != color.red || p[1] != color.green || p[2] != color.blue) continue;
      place.x += x;
      place.y += y;
      ++place.count;
    }
  }
  if (place.count > 0) {
    place.x /= place.count;
    place.y /= place.count;
  }
  return place;
}

Image draw(const std::string& id, const std::vector<double>& obs, const std::vector<double>& action = {}) {
  const auto env = make_env(id);
  return make_renderer(*env)->draw(*env, obs, action);
}

TEST(Drawing, EveryTaskMovesAndIsTheSameTwice) {
  for (const std::string id : kDrawn) {
    SCOPED_TRACE(id);
    const auto env = make_env(id);
    EXPECT_EQ(why_not_drawn(*env), "");
    const auto renderer = make_renderer(*env), again = make_renderer(*env);
    Rng rng(3, StreamKind::env, 0);
    std::vector<double> obs(env->spec().obs_dim), action;
    env->reset(rng, obs);
    const Image first = renderer->draw(*env, obs, {});
    EXPECT_GT(num_colors(first), 3u);
    EXPECT_EQ(again->draw(*env, obs, {}).rgb, first.rgb);
    for (std::size_t i = 0; i < env->spec().act_low.size(); ++i)
      action.push_back(env->spec().num_actions > 0 ? 0.0 : 0.9);
    for (int step = 0; step < 5; ++step) {
      if (env->step(action, obs).terminated) break;
    }
    EXPECT_NE(renderer->draw(*env, obs, action).rgb, first.rgb);
  }
}

TEST(Drawing, OtherSizesAreFilledInTheMiddle) {
  for (const std::string id : kDrawn) {
    SCOPED_TRACE(id);
    const auto env = make_env(id);
    std::vector<double> obs(env->spec().obs_dim, 0.1);
    for (const auto& [width, height] : {std::pair(16, 16), std::pair(97, 33), std::pair(640, 480)}) {
      const Image image = make_renderer(*env, {width, height})->draw(*env, obs, {});
      EXPECT_EQ(image.width, width);
      EXPECT_EQ(image.rgb.size(), static_cast<std::size_t>(width * height * 3));
      EXPECT_GT(num_colors(image), 2u);
    }
  }
}

TEST(Drawing, PendulumPointsWhereItsAngleSays) {
  constexpr Color kRod{204, 77, 77};
  EXPECT_LT(place_of(draw("Pendulum-v1", {1.0, 0.0, 0.0}), kRod).y, 200.0);   // up
  EXPECT_GT(place_of(draw("Pendulum-v1", {-1.0, 0.0, 0.0}), kRod).y, 300.0);  // down
  EXPECT_LT(place_of(draw("Pendulum-v1", {0.0, 1.0, 0.0}), kRod).x, 200.0);   // a quarter turn counter-clockwise
  constexpr Color kArrow{0, 0, 0};
  const std::vector<double> down = {-1.0, 0.0, 0.0};
  const int axle = place_of(draw("Pendulum-v1", down), kArrow).count;
  EXPECT_GT(place_of(draw("Pendulum-v1", down, {2.0}), kArrow).count, 2 * axle);
  EXPECT_NE(draw("Pendulum-v1", down, {2.0}).rgb, draw("Pendulum-v1", down, {-2.0}).rgb);
}

TEST(Drawing, CartAndPoleAreWhereTheyAre) {
  constexpr Color kPole{202, 152, 101}, kCart{0, 0, 0};
  EXPECT_NEAR(place_of(draw("CartPole-v1", {1.2, 0.0, 0.0, 0.0}), kPole).x, 300.0 + 150.0, 2.0);
  const Image leaning = draw("CartPole-v1", {0.0, 0.0, 0.2, 0.0});  // a positive angle leans to the right
  EXPECT_GT(place_of(leaning, kPole).x, 305.0);
  EXPECT_NEAR(place_of(leaning, kCart).x, 300.0, 5.0);
}

TEST(Drawing, TheOthersToo) {
  EXPECT_GT(place_of(draw("Acrobot-v1", {1, 0, 1, 0, 0, 0}), {0, 204, 204}).y, 300.0);   // hanging
  EXPECT_LT(place_of(draw("Acrobot-v1", {-1, 0, 1, 0, 0, 0}), {0, 204, 204}).y, 200.0);  // upright
  constexpr Color kWheel{128, 128, 128}, kFlag{204, 204, 0}, kPoint{42, 96, 170};
  const double valley = place_of(draw("MountainCar-v0", {-0.52, 0.0}), kWheel).y;
  EXPECT_LT(place_of(draw("MountainCar-v0", {0.4, 0.0}), kWheel).y, valley - 100.0);
  EXPECT_GT(place_of(draw("MountainCar-v0", {0.0, 0.0}), kFlag).x,
            place_of(draw("MountainCarContinuous-v0", {0.0, 0.0}), kFlag).x + 5.0);  // goals at 0.5 and 0.45
  EXPECT_GT(place_of(draw("TwoWay-v0", {0.5, -0.6}), kPoint).x, 280.0);
  EXPECT_EQ(place_of(draw("TwoPeaks-v0", {0.6}), {204, 77, 77}).count, 0);  // a start has no action
  EXPECT_GT(place_of(draw("TwoPeaks-v0", {0.6}, {0.6}), {204, 77, 77}).x, 250.0);
  const auto plane = make_env("TwoPeaks-v0", {{"dimensions", 3.0}});
  const std::vector<double> at = {0.6, -0.6, 0.0};
  EXPECT_GT(place_of(make_renderer(*plane)->draw(*plane, at, at), {204, 77, 77}).y, 250.0);
}

class Plain final : public Env {
 public:
  const EnvSpec& spec() const override { return spec_; }
  void reset(Rng&, std::span<double>) override {}
  StepResult step(std::span<const double>, std::span<double>) override { return {}; }

 private:
  EnvSpec spec_ = [] {
    EnvSpec spec;
    spec.id = "Plain-v0";
    return spec;
  }();
};

TEST(Drawing, WhatCannotBeDrawnIsSaid) {
  const Plain env;
  EXPECT_NE(why_not_drawn(env).find("no pictures of Plain-v0"), std::string::npos);
  EXPECT_THROW(make_renderer(env), ConfigError);
  const auto pendulum = make_env("Pendulum-v1");
  for (const auto& [width, height] : {std::pair(0, 5), std::pair(15, 100), std::pair(4097, 100), std::pair(-1, -1)})
    EXPECT_THROW(make_renderer(*pendulum, {width, height}), ConfigError) << width << 'x' << height;
}

TEST(Drawing, StepsLastAsLongAsTheTaskSays) {
  EXPECT_EQ(step_seconds(*make_env("Pendulum-v1")), 0.05);
  EXPECT_EQ(step_seconds(*make_env("CartPole-v1")), 0.02);
  EXPECT_EQ(step_seconds(*make_env("Acrobot-v1")), 0.2);
}

}  // namespace
}  // namespace softac
