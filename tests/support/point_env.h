// "TestPoint-v0": a point pushed along a line, cheap, with faults on demand. Its arguments choose when an episode ends
// and what goes wrong at which step (of all episodes together; 0 = never).
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "softac/config.h"
#include "softac/env.h"
#include "softac/error.h"

namespace softac::test {

class PointEnv final : public Env {
 public:
  explicit PointEnv(const EnvKwargs& kwargs)
      : limit_(number(kwargs, "limit")), nan_at_(number(kwargs, "nan_at")), throw_at_(number(kwargs, "throw_at")) {
    spec_.id = "TestPoint-v0";
    spec_.obs_dim = 3;
    spec_.act_dim = 2;
    spec_.obs_low.assign(3, -std::numeric_limits<double>::infinity());
    spec_.obs_high.assign(3, std::numeric_limits<double>::infinity());
    spec_.act_low = {-2.0, -0.5};
    spec_.act_high = {2.0, 1.5};
    spec_.max_episode_steps = number(kwargs, "endless") != 0.0 ? 0 : 13;
  }
  static inline std::function<void()> on_step;  // called at every step of every instance
  const EnvSpec& spec() const override { return spec_; }
  void reset(Rng& rng, std::span<double> obs) override {
    x_ = rng.uniform(-1.0, 1.0);
    v_ = 0.0;
    observe(obs);
  }
  StepResult step(std::span<const double> action, std::span<double> obs) override {
    if (on_step) on_step();
    ++num_steps_;
    v_ = 0.8 * v_ + 0.2 * action[0];
    x_ += v_ + 0.1 * action[1];
    observe(obs);
    if (num_steps_ == throw_at_) throw EnvError("the point is lost");
    const double reward = num_steps_ == nan_at_ ? std::nan("") : -x_ * x_;
    return {reward, limit_ > 0 && std::abs(x_) > limit_, false};
  }
  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override {
    const double state[] = {x_, v_, num_steps_};
    const auto bytes = std::as_bytes(std::span(state));
    return {bytes.begin(), bytes.end()};
  }
  void load_state(std::span<const std::byte> bytes) override {
    double state[3];
    if (bytes.size() != sizeof(state)) throw IoError("state of TestPoint-v0: wrong size");
    std::memcpy(state, bytes.data(), sizeof(state));
    x_ = state[0];
    v_ = state[1];
    num_steps_ = state[2];
  }

  // Joins the table once per program.
  static void add_to_table() {
    static const bool done = [] {
      EnvInfo info;
      info.id = "TestPoint-v0";
      info.description = "a point on a line";
      info.family = "test";
      for (const char* name : {"limit", "nan_at", "throw_at", "endless"})
        info.arguments.push_back({name, 0.0, "see point_env.h"});
      register_env(info, [](const EnvKwargs& kwargs) { return std::make_unique<PointEnv>(kwargs); });
      return true;
    }();
    (void)done;
  }

 private:
  static double number(const EnvKwargs& kwargs, const char* name) { return std::get<double>(kwargs.at(name)); }
  void observe(std::span<double> obs) const {
    obs[0] = x_;
    obs[1] = v_;
    obs[2] = 1.0;
  }
  EnvSpec spec_;
  double limit_, nan_at_, throw_at_;
  double x_ = 0.0, v_ = 0.0, num_steps_ = 0.0;
};

// A short run of TestPoint-v0 with tiny networks: 60 steps, no evaluation, no periodic checkpoint.
inline TrainConfig point_config() {
  PointEnv::add_to_table();
  TrainConfig config;
  config.env_id = "TestPoint-v0";
  config.env_kwargs["limit"] = 2.0;
  config.total_timesteps = 60;
  config.learning_starts = 20;
  config.buffer_size = 1000;
  config.eval_freq = 0;
  config.n_eval_episodes = 3;
  config.checkpoint_freq = 0;
  config.log_interval_steps = 20;
  config.threads = 1;
  config.sac.net_arch = {16, 16};
  config.sac.batch_size = 8;
  return config;
}

// A folder for one test of this process, removed with it.
class TempDir {
 public:
  TempDir() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            ("softac_" + std::to_string(getpid()) + "_" + test->test_suite_name() + "_" + test->name());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace softac::test
