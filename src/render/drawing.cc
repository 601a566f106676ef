#include "render/drawing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "render/canvas.h"

namespace softac {

namespace {

constexpr Color kWhite{255, 255, 255}, kBlack{0, 0, 0}, kRed{204, 77, 77}, kWood{202, 152, 101}, kAxle{129, 132, 203},
    kLink{0, 204, 204}, kJoint{204, 204, 0}, kWheel{128, 128, 128}, kLightGrey{222, 222, 222}, kGreen{96, 169, 110},
    kBlue{42, 96, 170};
constexpr double kPi = std::numbers::pi;

std::array<Point, 4> turned_box(Point low, Point high, double angle, Point origin) {
  return {turned(low, angle, origin), turned({low.x, high.y}, angle, origin), turned(high, angle, origin),
          turned({high.x, low.y}, angle, origin)};
}

// Gymnasium's picture of 4.4 × 4.4 units about the pivot, the rod's length being 1; the torque turns an arrow.
void draw_pendulum(Image& image, std::span<const double> obs, std::span<const double> action) {
  Canvas canvas(image, {-2.2, -2.2}, {2.2, 2.2});
  canvas.clear(kWhite);
  const double angle = std::atan2(obs[1], obs[0]) + 0.5 * kPi;
  canvas.line({0.0, 0.0}, turned({1.0, 0.0}, angle), 0.2, kRed);
  if (!action.empty()) {
    const double torque = std::clamp(action[0], -2.0, 2.0), radius = 0.22 * std::fabs(torque);
    if (radius > 0.08) {
      const double turn = torque > 0.0 ? 1.0 : -1.0, start = 0.5 * kPi, end = start + turn * 1.5 * kPi;
      const double width = 0.02 + 0.03 * radius, head = 0.07 + 0.1 * radius;
      canvas.arc({0.0, 0.0}, radius, start, end, width, kBlack);
      const Point tip = turned({radius, 0.0}, end);
      const std::array<Point, 3> corners = {turned({head, 0.0}, end + turn * 0.5 * kPi, tip),
                                            turned({0.6 * head, 0.0}, end, tip), turned({-0.6 * head, 0.0}, end, tip)};
      canvas.polygon(corners, kBlack);
    }
  }
  canvas.circle({0.0, 0.0}, 0.05, kBlack);
}

// In Gymnasium's 600 × 400 pixels, y upwards.
void draw_cart_pole(Image& image, std::span<const double> obs, std::span<const double>) {
  Canvas canvas(image, {0.0, 0.0}, {600.0, 400.0});
  canvas.clear(kWhite);
  constexpr double kScale = 600.0 / 4.8, kTrack = 100.0, kPoleWidth = 10.0, kPoleLength = kScale;
  const double x = obs[0] * kScale + 300.0;
  canvas.line({-1000.0, kTrack}, {1600.0, kTrack}, 1.0, kBlack);
  canvas.rectangle({x - 25.0, kTrack - 15.0}, {x + 25.0, kTrack + 15.0}, kBlack);
  const Point axle = {x, kTrack + 7.5};
  canvas.polygon(
      turned_box({-kPoleWidth / 2, -kPoleWidth / 2}, {kPoleWidth / 2, kPoleLength - kPoleWidth / 2}, -obs[2], axle),
      kWood);
  canvas.circle(axle, kPoleWidth / 2, kAxle);
}

// 4.4 × 4.4 units, links of length 1 and 0.2 wide; the line is where the tip has to get.
void draw_acrobot(Image& image, std::span<const double> obs, std::span<const double> action) {
  Canvas canvas(image, {-2.2, -2.2}, {2.2, 2.2});
  canvas.clear(kWhite);
  const double first = std::atan2(obs[1], obs[0]) - 0.5 * kPi, second = first + std::atan2(obs[3], obs[2]);
  canvas.line({-5.0, 1.0}, {5.0, 1.0}, 0.01, kBlack);
  const Point elbow = turned({1.0, 0.0}, first);
  canvas.polygon(turned_box({0.0, -0.1}, {1.0, 0.1}, first, {}), kLink);
  canvas.circle({0.0, 0.0}, 0.1, kJoint);
  canvas.polygon(turned_box({0.0, -0.1}, {1.0, 0.1}, second, elbow), kLink);
  canvas.circle(elbow, 0.1, kJoint);
  (void)action;
}

double hill(double x) {
  return 0.45 * std::sin(3.0 * x) + 0.55;
}

// In Gymnasium's 600 × 400 pixels, y upwards.
void draw_mountain_car(Image& image, double x, double goal) {
  constexpr double kLeft = -1.2, kRight = 0.6, kScale = 600.0 / (kRight - kLeft), kClearance = 10.0;
  const auto at = [](double position) { return Point{(position - kLeft) * kScale, hill(position) * kScale}; };
  Canvas canvas(image, {0.0, 0.0}, {600.0, 400.0});
  canvas.clear(kWhite);
  std::vector<Point> ground;
  for (int i = 0; i <= 100; ++i) ground.push_back(at(kLeft + (kRight - kLeft) * i / 100));
  canvas.curve(ground, 1.5, kBlack);
  const double slope = std::cos(3.0 * x);
  const Point car = {at(x).x, at(x).y + kClearance};
  canvas.polygon(turned_box({-20.0, 0.0}, {20.0, 20.0}, slope, car), kBlack);
  for (const double wheel : {10.0, -10.0}) canvas.circle(turned({wheel, 0.0}, slope, car), 8.0, kWheel);
  const Point foot = at(goal);
  canvas.line(foot, {foot.x, foot.y + 50.0}, 1.0, kBlack);
  const Point flag[] = {{foot.x, foot.y + 50.0}, {foot.x, foot.y + 40.0}, {foot.x + 25.0, foot.y + 45.0}};
  canvas.polygon(flag, kJoint);
}
void draw_mountain_car_continuous(Image& image, std::span<const double> obs, std::span<const double>) {
  draw_mountain_car(image, obs[0], 0.45);
}
void draw_mountain_car_discrete(Image& image, std::span<const double> obs, std::span<const double>) {
  draw_mountain_car(image, obs[0], 0.5);
}

double bump(double distance_squared) {
  return std::exp(-0.5 * distance_squared / (0.15 * 0.15));
}

// One action component: the reward over it, and where the action is. More: the first two components in the plane.
void draw_two_peaks(Image& image, std::span<const double> obs, std::span<const double> action) {
  Canvas canvas(image, {-1.2, -1.2}, {1.2, 1.2});
  canvas.clear(kWhite);
  const Color dot = action.empty() ? kWheel : kRed;
  if (obs.size() == 1) {
    const auto at = [](double a) {
      return Point{a, -0.9 + 1.6 * (bump((a - 0.6) * (a - 0.6)) + bump((a + 0.6) * (a + 0.6)))};
    };
    std::vector<Point> rewards;
    for (int i = 0; i <= 200; ++i) rewards.push_back(at(-1.0 + 0.01 * i));
    canvas.line({-1.0, -0.9}, {1.0, -0.9}, 0.01, kBlack);
    canvas.line({0.0, -0.92}, {0.0, -0.88}, 0.01, kBlack);
    canvas.curve(rewards, 0.015, kBlue);
    canvas.line({obs[0], -0.9}, at(obs[0]), 0.01, dot);
    canvas.circle(at(obs[0]), 0.05, dot);
    return;
  }
  canvas.rectangle({-1.01, -1.01}, {1.01, 1.01}, kBlack);
  canvas.rectangle({-1.0, -1.0}, {1.0, 1.0}, kWhite);
  constexpr int kRings = 12;
  for (int ring = kRings; ring > 0; --ring) {  // half the shade at each peak's width
    const double radius = 0.36 * ring / kRings, shade = bump(radius * radius);
    const auto mixed = [shade](int from, int to) { return static_cast<std::uint8_t>(from + shade * (to - from)); };
    for (const double peak : {0.6, -0.6})
      canvas.circle({peak, peak}, radius, {mixed(255, kBlue.red), mixed(255, kBlue.green), mixed(255, kBlue.blue)});
  }
  canvas.circle({obs[0], obs[1]}, 0.05, dot);
}

// The square, the disc, the two goals, the point and where it was pushed to.
void draw_two_way(Image& image, std::span<const double> obs, std::span<const double> action) {
  Canvas canvas(image, {-1.1, -1.1}, {1.1, 1.1});
  canvas.clear(kWhite);
  canvas.rectangle({-1.01, -1.01}, {1.01, 1.01}, kBlack);
  canvas.rectangle({-1.0, -1.0}, {1.0, 1.0}, kWhite);
  canvas.circle({0.0, 0.0}, 0.5, kLightGrey);
  for (const double x : {0.7, -0.7}) canvas.circle({x, 0.5}, 0.25, kGreen);
  const Point at = {obs[0], obs[1]};
  if (!action.empty()) {
    const double dx = 0.2 * std::clamp(action[0], -1.0, 1.0), dy = 0.2 * std::clamp(action[1], -1.0, 1.0);
    if (std::hypot(dx, dy) > 0.02) canvas.arrow(at, {at.x + dx, at.y + dy}, 0.02, kBlack);
  }
  canvas.circle(at, 0.05, kBlue);
}

constexpr Drawing kDrawings[] = {
    {"Pendulum-v1", 500, 500, 0.05, draw_pendulum},
    {"CartPole-v1", 600, 400, 0.02, draw_cart_pole},
    {"Acrobot-v1", 500, 500, 0.2, draw_acrobot},
    {"MountainCarContinuous-v0", 600, 400, 1.0 / 30.0, draw_mountain_car_continuous},
    {"MountainCar-v0", 600, 400, 1.0 / 30.0, draw_mountain_car_discrete},
    {"TwoPeaks-v0", 400, 400, 0.5, draw_two_peaks},
    {"TwoWay-v0", 400, 400, 0.1, draw_two_way},
};

}  // namespace

const Drawing* find_drawing(const std::string& env_id) {
  const auto* found = std::ranges::find(kDrawings, env_id, &Drawing::id);
  return found == std::end(kDrawings) ? nullptr : found;
}

}  // namespace softac
