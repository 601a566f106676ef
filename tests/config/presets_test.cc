// Every preset holds known keys and usable values, fits a registered environment, and the library presets decide every
// setting of the algorithm, so that an environment's preset cannot shine through.
#include "config/presets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "config/fields.h"
#include "config/resolve.h"
#include "config/settings.h"
#include "softac/error.h"

namespace softac {
namespace {

TEST(Presets, EveryOneIsUsable) {
  std::vector<Preset> presets = env_presets();
  EXPECT_EQ(presets.size(), 18u);
  for (const Preset& preset : library_presets()) presets.push_back(preset);
  for (const Preset& preset : method_presets()) presets.push_back(preset);
  for (const Preset& preset : presets) {
    TrainConfig config;
    config.env_id = "any";
    EXPECT_FALSE(preset.description.empty()) << preset.name;
    EXPECT_FALSE(preset.entries.empty()) << preset.name;
    for (const SettingEntry& entry : preset.entries)
      EXPECT_EQ(assign_setting(config, entry.key, entry.value), "") << preset.name;
    for (const auto& violation : validate(config))
      ADD_FAILURE() << preset.name << ": " << violation.key << " " << violation.message;
  }
}

// A method is a set of settings above the environment's preset: what it does not name stays the environment's.
TEST(Presets, MethodsStandOnTheEnvironmentsPreset) {
  EXPECT_EQ(method_names(), (std::vector<std::string>{"crossq", "droq", "redq", "tqc", "xqc"}));
  const auto of = [](const std::string& method, const char* env, const std::vector<std::string>& set = {}) {
    ConfigRequest request;
    request.method = method;
    request.set = set;
    request.options = {{"env_id", std::string(env), "command line"}};
    return resolve_config(request);
  };
  const ResolvedConfig tqc = of("tqc", "Pendulum-v1");
  EXPECT_EQ(tqc.config.sac.critic_loss, CriticLoss::quantile);
  EXPECT_EQ(tqc.config.sac.top_quantiles_to_drop_per_net, 2);
  EXPECT_EQ(tqc.origin.at("critic_loss"), "method tqc");
  const ResolvedConfig hopper = of("tqc", "Hopper-v5");
  EXPECT_EQ(hopper.config.sac.top_quantiles_to_drop_per_net, 5);
  EXPECT_EQ(hopper.config.sac.learning_rate, 3e-4) << "the method's, not the environment's";
  EXPECT_EQ(of("tqc", "HalfCheetah-v5").config.sac.top_quantiles_to_drop_per_net, 0);
  const SacConfig redq = of("redq", "Ant-v5").config.sac;
  EXPECT_EQ(redq.n_critics, 10);
  EXPECT_EQ(redq.n_target_critics, 2);
  EXPECT_EQ(redq.target_entropy, -4.0);
  const ResolvedConfig droq = of("droq", "Walker2d-v5", {"dropout_rate=0.005"});
  EXPECT_EQ(droq.config.sac.dropout_rate, 0.005) << "--set is above the method";
  EXPECT_EQ(droq.config.sac.norm_layer_critic, NormLayer::layer);
  EXPECT_EQ(droq.config.gradient_steps, 20);
  try {
    of("tqd", "Hopper-v5");
    ADD_FAILURE();
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("unknown method \"tqd\""), std::string::npos) << message;
    EXPECT_NE(message.find("known: crossq, droq, redq, tqc, xqc [--method]"), std::string::npos) << message;
  }
}

TEST(Presets, NoEnvironmentHasTwoAndEachOneOfOursHasOne) {
  for (const EnvInfo& info : registered_envs()) {
    int count = 0;
    for (const Preset& preset : env_presets()) {
      for (const std::string& pattern : preset.envs)
        count += info.id.starts_with(pattern.substr(0, pattern.find('*'))) ? 1 : 0;
    }
    EXPECT_EQ(count, 1) << info.id;
  }
}

// Where the environment has a preset too, nothing of its learner is left: what the library does not name is softac's
// default.
TEST(Presets, LibrariesDecideTheWholeAlgorithm) {
  std::vector<std::string> names;
  for (const Preset& preset : library_presets()) {
    names.push_back(preset.name);
    TrainConfig expected;
    std::set<std::string> keys;
    for (const SettingEntry& entry : preset.entries) {
      EXPECT_EQ(assign_setting(expected, entry.key, entry.value), "") << preset.name;
      keys.insert(entry.key);
    }
    for (const char* key : {"buffer_size", "learning_starts", "update_after", "train_freq", "gradient_steps",
                            "gradient_steps_per_env_step"})
      EXPECT_TRUE(keys.contains(key)) << preset.name << " " << key;
    for (const char* env : {"MountainCarContinuous-v0", "TwoWay-v0", "Hopper-v5"}) {
      ConfigRequest request;
      request.preset = preset.name;
      request.options = {{"env_id", std::string(env), "test"}};
      TrainConfig found;
      found.sac = resolve_config(request).config.sac;
      const auto a = setting_texts(found), b = setting_texts(expected);
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!is_learner_setting(std::string(a[i].info.name))) continue;
        EXPECT_EQ(a[i].value, b[i].value) << preset.name << " " << env << " " << a[i].info.name;
      }
    }
  }
  EXPECT_EQ(names, (std::vector<std::string>{"cleanrl", "sb3", "spinup"}));
}

TEST(Presets, HabitsOfTheLibraries) {
  auto resolve = [](const std::string& preset) {
    ConfigRequest request;
    request.preset = preset;
    request.options = {{"env_id", std::string("MountainCarContinuous-v0"), "test"}};
    return resolve_config(request).config;
  };
  const TrainConfig sb3 = resolve("sb3");
  EXPECT_EQ(sb3.sac.ent_coef_loss, EntCoefLoss::log_alpha);
  EXPECT_FALSE(sb3.gradient_steps_per_env_step);
  EXPECT_EQ(sb3.learning_starts, 100);
  EXPECT_EQ(sb3.sac.gamma, 0.99);
  const TrainConfig cleanrl = resolve("cleanrl");
  EXPECT_EQ(cleanrl.sac.log_std_rule, LogStdRule::tanh);
  EXPECT_EQ(cleanrl.sac.log_std_min, -5.0);
  EXPECT_EQ(cleanrl.sac.learning_rate_actor, 3e-4);
  EXPECT_EQ(cleanrl.sac.learning_rate_critic, 1e-3);
  const TrainConfig spinup = resolve("spinup");
  EXPECT_FALSE(spinup.sac.ent_coef_auto);
  EXPECT_EQ(spinup.sac.ent_coef, 0.2);
  EXPECT_EQ(spinup.update_after, 1000);
  EXPECT_EQ(spinup.learning_starts, 10'000);
}

TEST(Presets, MalformedTextIsRefused) {
  EXPECT_THROW(parse_preset("x", "a = ", "test"), IoError);
  EXPECT_THROW(parse_preset("x", "description = 3", "test"), ConfigError);
  EXPECT_THROW(parse_preset("x", "envs = \"Hopper-v5\"", "test"), ConfigError);
}

}  // namespace
}  // namespace softac
