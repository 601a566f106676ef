// The list of settings: names, assignment from values, ranges and combinations.
#include "config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "config/fields.h"
#include "config/toml_file.h"

namespace softac {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TrainConfig good() {
  TrainConfig config;
  config.env_id = "Pendulum-v1";
  return config;
}

// Assigns "key=value" as --set would.
std::string set(TrainConfig& config, const std::string& text) {
  std::string errors;
  for (const SettingEntry& entry : parse_key_value(text, "test"))
    errors += assign_setting(config, entry.key, entry.value);
  return errors;
}

TEST(Settings, NamesAreUniqueAndDocumented) {
  std::set<std::string> names;
  const TrainConfig config;
  for_each_setting(config, [&](const SettingInfo& info, const auto&) {
    EXPECT_TRUE(names.insert(std::string(info.name)).second) << info.name;
    EXPECT_FALSE(info.doc.empty()) << info.name;
    EXPECT_FALSE(info.group.empty()) << info.name;
    EXPECT_LE(info.low, info.high) << info.name;
  });
  EXPECT_GE(names.size(), 40u);
}

TEST(Settings, DefaultsBreakOnlyTheMissingEnvironment) {
  const auto violations = validate(TrainConfig{});
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].key, "env_id");
  EXPECT_THAT(validate(good()), IsEmpty());
}

TEST(Settings, EveryKindOfValueIsAssigned) {
  TrainConfig config = good();
  EXPECT_EQ(set(config, "learning_rate=1e-3"), "");
  EXPECT_EQ(config.sac.learning_rate, 1e-3);
  EXPECT_EQ(set(config, "buffer_size=1e6"), "");
  EXPECT_EQ(config.buffer_size, 1'000'000);
  EXPECT_EQ(set(config, "buffer_size=20_000"), "");
  EXPECT_EQ(config.buffer_size, 20'000);
  EXPECT_EQ(set(config, "net_arch=[64, 32]"), "");
  EXPECT_EQ(config.sac.net_arch, (std::vector<int>{64, 32}));
  EXPECT_EQ(set(config, "net_arch={pi=[16], qf=[8, 4]}"), "");
  EXPECT_EQ(config.sac.net_arch_actor, (std::vector<int>{16}));
  EXPECT_EQ(config.sac.net_arch_critic, (std::vector<int>{8, 4}));
  EXPECT_EQ(set(config, "net_arch={pi=[], qf=[5]}"), "");  // a linear actor
  EXPECT_EQ(config.sac.net_arch, std::vector<int>{});
  EXPECT_EQ(config.sac.net_arch_actor, std::vector<int>{});
  EXPECT_EQ(config.sac.net_arch_critic, std::vector<int>{5});
  TrainConfig critics;
  EXPECT_EQ(set(critics, "net_arch={qf=[]}"), "");  // linear critics; the actor keeps what it had
  EXPECT_EQ(critics.sac.net_arch, std::vector<int>{});
  EXPECT_EQ(critics.sac.net_arch_actor, (std::vector<int>{256, 256}));
  EXPECT_EQ(critics.sac.net_arch_critic, std::vector<int>{});
  EXPECT_EQ(set(critics, "net_arch={pi=[], qf=[]}"), "");
  EXPECT_EQ(critics.sac.net_arch_actor, std::vector<int>{});
  EXPECT_EQ(set(critics, "net_arch=[]"), "");
  EXPECT_EQ(set(config, "activation_fn=silu"), "");
  EXPECT_EQ(config.sac.activation_fn, Activation::silu);
  EXPECT_EQ(set(config, "policy=\"gaussian\""), "");
  EXPECT_EQ(config.sac.policy, PolicyKind::gaussian);
  EXPECT_EQ(set(config, "tensorboard=false"), "");
  EXPECT_FALSE(config.tensorboard);
  EXPECT_EQ(set(config, "seed=9007199254740993"), "");  // 2^53 + 1: not a double
  EXPECT_EQ(config.seed, 9007199254740993u);
  EXPECT_EQ(set(config, "env_plugins=[\"./liba.so\"]"), "");
  EXPECT_EQ(config.env_plugins, std::vector<std::string>{"./liba.so"});
  EXPECT_EQ(set(config, "env_plugins=[]"), "");
  EXPECT_THAT(config.env_plugins, IsEmpty());
}

TEST(Settings, EntropyCoefficientInAllItsForms) {
  TrainConfig config = good();
  EXPECT_EQ(set(config, "ent_coef=0.2"), "");
  EXPECT_FALSE(config.sac.ent_coef_auto);
  EXPECT_EQ(config.sac.ent_coef, 0.2);
  EXPECT_EQ(set(config, "ent_coef=auto_0.1"), "");
  EXPECT_TRUE(config.sac.ent_coef_auto);
  EXPECT_EQ(config.sac.ent_coef, 0.1);
  EXPECT_EQ(set(config, "ent_coef=auto"), "");
  EXPECT_TRUE(config.sac.ent_coef_auto);
  EXPECT_EQ(config.sac.ent_coef, 1.0);
  EXPECT_EQ(set(config, "ent_coef=0"), "");
  EXPECT_FALSE(config.sac.ent_coef_auto);
  EXPECT_EQ(config.sac.ent_coef, 0.0);
  EXPECT_THAT(validate(config), IsEmpty());
  for (const char* bad :
       {"ent_coef=automatic", "ent_coef=auto_", "ent_coef=auto_x", "ent_coef=auto_inf", "target_entropy=auto_1"}) {
    EXPECT_NE(set(config, bad), "") << bad;
  }
  EXPECT_EQ(set(config, "target_entropy=-3.5"), "");
  EXPECT_EQ(config.sac.target_entropy_rule, TargetEntropyRule::number);
  EXPECT_EQ(config.sac.target_entropy, -3.5);
  EXPECT_EQ(set(config, "ent_coef=auto_0"), "");
  EXPECT_EQ(validate(config).size(), 1u);
}

TEST(Settings, TargetEntropyInAllItsForms) {
  TrainConfig config = good();
  const auto text = [&] {
    for (const SettingText& setting : setting_texts(config)) {
      if (setting.info.name == "target_entropy") return setting.value;
    }
    return std::string();
  };
  EXPECT_EQ(text(), "\"auto\"");
  EXPECT_EQ(set(config, "target_entropy=half"), "");
  EXPECT_EQ(config.sac.target_entropy_rule, TargetEntropyRule::half);
  EXPECT_EQ(text(), "\"half\"");
  EXPECT_EQ(set(config, "target_entropy=sigma_0.15"), "");
  EXPECT_EQ(config.sac.target_entropy_rule, TargetEntropyRule::sigma);
  EXPECT_EQ(config.sac.target_entropy, 0.15);
  EXPECT_EQ(text(), "\"sigma_0.15\"");
  EXPECT_THAT(validate(config), IsEmpty());
  for (const char* bad : {"target_entropy=sigma", "target_entropy=sigma_", "target_entropy=sigma_x",
                          "target_entropy=sigma_inf", "target_entropy=halve", "target_entropy=true"}) {
    EXPECT_THAT(set(config, bad), HasSubstr("expected \"auto\", \"half\", \"sigma_X\" or number")) << bad;
  }
  EXPECT_EQ(text(), "\"sigma_0.15\"");
  EXPECT_EQ(set(config, "target_entropy=sigma_0"), "");
  ASSERT_EQ(validate(config).size(), 1u);
  EXPECT_THAT(validate(config)[0].message, HasSubstr("sigma_0: σ must be at least 1e-30"));
  EXPECT_EQ(set(config, "target_entropy=auto"), "");
  EXPECT_EQ(text(), "\"auto\"");
}

TEST(Settings, ValuesOfAWrongKindAreRefusedAndLeaveTheSettingAlone) {
  TrainConfig config = good();
  for (const char* bad : {"learning_rate=fast", "buffer_size=1.5", "buffer_size=[1]", "batch_size=1e30",
                          "batch_size=4294967297", "seed=-1", "tensorboard=1", "net_arch=64", "net_arch=[64, 0.5]",
                          "activation_fn=rleu", "activation_fn=3", "env_id=7", "env_plugins=[1]"}) {
    EXPECT_NE(set(config, bad), "") << bad;
  }
  EXPECT_EQ(setting_texts(config).size(), setting_texts(good()).size());
  for (std::size_t i = 0; i < setting_texts(config).size(); ++i)
    EXPECT_EQ(setting_texts(config)[i].value, setting_texts(good())[i].value);
  EXPECT_THAT(set(config, "activation_fn=rleu"), HasSubstr("relu"));
  EXPECT_THAT(set(config, "learning_rat=1"), HasSubstr("learning_rate"));
}

// Every bounded number is refused just outside its range, and named.
TEST(Settings, EveryRangeIsEnforced) {
  int num_checked = 0;
  for (const SettingText& text : setting_texts(good())) {
    for (const bool low_side : {true, false}) {
      const double bound = low_side ? text.info.low : text.info.high;
      if (std::isinf(bound) || text.kind == "text" || bound > 1e14) continue;
      const double outside = low_side ? (text.info.low_open ? bound : bound - 1) : bound + 1;
      const bool list = text.kind == "list of integers";
      TrainConfig config = good();
      const std::string name(text.info.name);
      const std::string error =
          assign_setting(config, name, list ? SettingValue(std::vector<double>{outside}) : SettingValue(outside));
      if (!error.empty()) continue;  // an unsigned or narrow type refuses it already
      bool named = false;
      for (const auto& violation : validate(config)) named = named || violation.key == name;
      EXPECT_TRUE(named) << name << " = " << outside;
      ++num_checked;
    }
  }
  EXPECT_GT(num_checked, 40);
}

TEST(Settings, NotANumberIsRefusedEverywhere) {
  for (const SettingText& text : setting_texts(good())) {
    if (text.kind.find("number") == std::string::npos) continue;
    TrainConfig config = good();
    ASSERT_EQ(assign_setting(config, std::string(text.info.name), std::nan("")), "");
    EXPECT_EQ(validate(config).size(), 1u) << text.info.name;
  }
}

TEST(Settings, CombinationsAreChecked) {
  auto broken = [](auto change) {
    TrainConfig config = good();
    change(config);
    std::vector<std::string> keys;
    for (const auto& violation : validate(config)) keys.push_back(violation.key);
    return keys;
  };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(broken([](TrainConfig& c) { c.buffer_size = 100; }), Keys{"batch_size"});
  EXPECT_EQ(broken([](TrainConfig& c) { c.sac.log_std_min = 3; }), Keys{"log_std_min"});
  EXPECT_EQ(broken([](TrainConfig& c) { c.n_envs = 1000, c.buffer_size = 3000, c.sac.n_steps = 3; }),
            Keys{"buffer_size"});
  EXPECT_EQ(broken([](TrainConfig& c) { c.n_envs = 8, c.total_timesteps = 7; }), Keys{"total_timesteps"});
  EXPECT_EQ(broken([](TrainConfig& c) { c.backend = "avx3"; }), Keys{"backend"});
  EXPECT_EQ(broken([](TrainConfig& c) { c.sac.net_arch.assign(17, 8); }), Keys{"net_arch"});
  EXPECT_EQ(broken([](TrainConfig& c) { c.n_envs = 0; }), Keys{"n_envs"});  // and no division by it
}

}  // namespace
}  // namespace softac
