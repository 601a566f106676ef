// Precedence, origins, all errors at once, and config.toml read back to the bit.
#include "config/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/auto_gamma.h"
#include "config/fields.h"
#include "config/toml_file.h"
#include "softac/env.h"
#include "softac/error.h"

namespace softac {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Resolve : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("softac_resolve_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& text) {
    const std::string path = folder_ / "settings.toml";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static ConfigRequest request(const std::string& env = "Pendulum-v1") {
    ConfigRequest out;
    if (!env.empty()) out.options.push_back({"env_id", env, "command line"});
    return out;
  }
  template <class Exception>
  static std::string message_of(const ConfigRequest& asked) {
    try {
      resolve_config(asked);
    } catch (const Exception& error) {
      return error.what();
    }
    return "nothing thrown";
  }

  std::filesystem::path folder_;
};

TEST_F(Resolve, EachLayerOverridesTheOneBefore) {
  ConfigRequest asked = request();
  EXPECT_EQ(resolve_config(asked).config.sac.gamma, 0.99);
  EXPECT_EQ(resolve_config(asked).config.sac.learning_rate, 1e-3);  // environment preset
  asked.preset = "sb3";
  EXPECT_EQ(resolve_config(asked).config.sac.learning_rate, 3e-4);
  asked.config_file = file("learning_rate = 5e-4\ntau = 0.02\n");
  EXPECT_EQ(resolve_config(asked).config.sac.learning_rate, 5e-4);
  asked.set = {"learning_rate=6e-4", "seed=3"};
  asked.options.push_back({"seed", std::int64_t{4}, "--seed"});
  const ResolvedConfig resolved = resolve_config(asked);
  EXPECT_EQ(resolved.config.sac.learning_rate, 6e-4);
  EXPECT_EQ(resolved.config.sac.tau, 0.02);
  EXPECT_EQ(resolved.config.seed, 4u);
  EXPECT_FALSE(resolved.config.gradient_steps_per_env_step);
  EXPECT_EQ(resolved.origin.at("env_id"), "command line");
  EXPECT_EQ(resolved.origin.at("seed"), "--seed");
  EXPECT_EQ(resolved.origin.at("learning_rate"), "--set");
  EXPECT_EQ(resolved.origin.at("tau"), "file " + asked.config_file);
  EXPECT_EQ(resolved.origin.at("ent_coef_loss"), "preset sb3");
  EXPECT_EQ(resolved.origin.at("checkpoint_freq"), "environment preset Pendulum");
  EXPECT_EQ(resolved.origin.at("n_eval_episodes"), "default");
}

TEST_F(Resolve, TheEnvironmentMayComeFromTheFile) {
  ConfigRequest asked = request("");
  asked.config_file = file("env_id = \"Pendulum-v1\"\n");
  const ResolvedConfig resolved = resolve_config(asked);
  EXPECT_EQ(resolved.config.env_id, "Pendulum-v1");
  EXPECT_EQ(resolved.origin.at("learning_rate"), "environment preset Pendulum");
}

TEST_F(Resolve, EverythingWrongIsSaidAtOnce) {
  ConfigRequest asked = request("Pendulun-v1");
  asked.preset = "sb4";
  asked.config_file = file("learning_rat = 1e-3\n\n  gama = 0.9\ntau = 7\n");
  asked.set = {"batch_size=0", "activation_fn=rellu", "novalue", "env_kwargs.x=1"};
  const std::string message = message_of<ConfigError>(asked);
  for (const char* part : {"8 settings are wrong", "Pendulun-v1", "'Pendulum-v1'", "sb4", "'sb3'", "learning_rat",
                           "'learning_rate'", "settings.toml:1:1", "'gamma'", "settings.toml:3:3", "tau = 7",
                           "batch_size = 0", "--set", "'relu'", "\"novalue\": expected key=value"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
}

TEST_F(Resolve, AnUnknownEnvironmentNamesWhereAllAre) {
  ConfigRequest asked;
  asked.options = {{"env_id", std::string("Pendulm-v1"), "command line"}};
  EXPECT_THAT([&] { resolve_config(asked); }, ThrowsMessage<ConfigError>(AllOf(HasSubstr("did you mean 'Pendulum-v1'?"),
                                                                               HasSubstr("softac env list"))));
}

TEST_F(Resolve, UnknownEnvironmentArgumentsAreNamed) {
  ConfigRequest asked = request();
  asked.set = {"env_kwargs.gee=9.81"};
  EXPECT_THAT(message_of<ConfigError>(asked), HasSubstr("no argument \"gee\""));
  asked.set = {"env_kwargs.g=heavy"};
  EXPECT_THAT(message_of<ConfigError>(asked), HasSubstr("env_kwargs.g: expected a number"));
  asked.set = {"env_kwargs.g=9"};
  EXPECT_EQ(std::get<double>(resolve_config(asked).config.env_kwargs.at("g")), 9.0);
  asked.set = {};
  asked.config_file = file("[env_kwargs]\ng = 9.5\n");
  EXPECT_EQ(std::get<double>(resolve_config(asked).config.env_kwargs.at("g")), 9.5);
}

TEST_F(Resolve, ALearningRateCanNameItsSchedule) {
  ConfigRequest asked = request();
  asked.set = {"learning_rate=linear_7.3e-4"};
  const ResolvedConfig resolved = resolve_config(asked);
  EXPECT_EQ(resolved.config.sac.learning_rate, 7.3e-4);
  EXPECT_EQ(resolved.config.sac.learning_rate_schedule, LearningRateSchedule::linear);
  EXPECT_EQ(resolved.origin.at("learning_rate_schedule"), "--set");
  asked.set = {"learning_rate=linear_fast"};
  EXPECT_THAT(message_of<ConfigError>(asked), HasSubstr("learning_rate = \"linear_fast\": expected number"));
}

// methods: γ = clip((T/5 − 1)/(T/5), 0.95, 0.995).
TEST_F(Resolve, GammaFromTheLengthOfEpisodes) {
  EXPECT_EQ(gamma_of_episode(1000), 0.995);
  EXPECT_EQ(gamma_of_episode(500), 0.99);
  EXPECT_EQ(gamma_of_episode(200), 39.0 / 40.0);
  for (const int steps : {1, 5, 50, 100}) EXPECT_EQ(gamma_of_episode(steps), 0.95) << steps;
  EXPECT_EQ(gamma_of_episode(1'000'000'000), 0.995);

  ConfigRequest asked = request();
  asked.set = {"gamma=auto"};
  const ResolvedConfig resolved = resolve_config(asked);
  EXPECT_FALSE(resolved.config.sac.gamma_auto);
  EXPECT_EQ(resolved.config.sac.gamma, 39.0 / 40.0);
  EXPECT_EQ(resolved.origin.at("gamma"), "--set (auto: 200 steps an episode)");
  const std::string text = config_toml(resolved);
  EXPECT_THAT(text, HasSubstr("gamma = 0.975\n"));
  EXPECT_EQ(config_toml(load_run_config(file(text))), text);
  asked.set = {"gamma=auto", "max_episode_steps=500"};
  EXPECT_EQ(resolve_config(asked).config.sac.gamma, 0.99);
  asked.set = {"gamma=automatic"};
  EXPECT_THAT(message_of<ConfigError>(asked), HasSubstr("gamma = \"automatic\": expected \"auto\" or number"));
  asked.set = {"gamma=auto", "env_kwargs.gee=1"};
  EXPECT_THAT(message_of<ConfigError>(asked), HasSubstr("no argument \"gee\""));
}

TEST_F(Resolve, GammaIsNotFoundWithoutATimeLimit) {
  EnvInfo info;
  info.id = "Endless-v0";
  EnvSpec spec;
  spec.id = info.id;
  spec.obs_dim = spec.act_dim = 1;
  struct Endless final : Env {
    explicit Endless(EnvSpec the_spec) : spec_(std::move(the_spec)) {}
    const EnvSpec& spec() const override { return spec_; }
    void reset(Rng&, std::span<double>) override {}
    StepResult step(std::span<const double>, std::span<double>) override { return {}; }
    EnvSpec spec_;
  };
  spec.obs_low = spec.act_low = {-1.0};
  spec.obs_high = spec.act_high = {1.0};
  register_env(info, [spec](const EnvKwargs&) { return std::make_unique<Endless>(spec); });
  ConfigRequest asked = request(info.id);
  asked.set = {"gamma=auto"};
  EXPECT_THAT(message_of<ConfigError>(asked),
              AllOf(HasSubstr("gamma = auto: episodes of Endless-v0 have no time limit"),
                    HasSubstr("max_episode_steps"), HasSubstr("[--set]")));
  asked.set = {"gamma=auto", "max_episode_steps=500"};
  EXPECT_EQ(resolve_config(asked).config.sac.gamma, 0.99);
  unregister_env(info.id);
}

TEST_F(Resolve, ACountCanBeAll) {
  ConfigRequest asked = request();
  EXPECT_EQ(resolve_config(asked).config.keep_checkpoints, 3);
  asked.set = {"keep_checkpoints=all"};
  const ResolvedConfig all = resolve_config(asked);
  EXPECT_EQ(all.config.keep_checkpoints, kKeepAll);
  EXPECT_THAT(config_toml(all), HasSubstr("keep_checkpoints = \"all\"\n"));
  EXPECT_EQ(parse_run_config(config_toml(all), "config.toml").config.keep_checkpoints, kKeepAll);
  asked.set = {"keep_checkpoints=5"};
  EXPECT_EQ(resolve_config(asked).config.keep_checkpoints, 5);
  for (const char* bad : {"keep_checkpoints=0", "keep_checkpoints=none", "keep_checkpoints=1.5"}) {
    asked.set = {bad};
    EXPECT_THAT(message_of<ConfigError>(asked), HasSubstr("keep_checkpoints = ")) << bad;
  }
}

TEST_F(Resolve, MissingOrBrokenFilesAreIoErrorsWithTheirPlace) {
  ConfigRequest asked = request();
  asked.config_file = folder_ / "absent.toml";
  EXPECT_THAT(message_of<IoError>(asked), HasSubstr("absent.toml"));
  asked.config_file = folder_;  // a folder
  EXPECT_THAT(message_of<IoError>(asked), HasSubstr(folder_.string()));
  asked.config_file = file("gamma = 0.9\ntau = = 1\n");
  EXPECT_THAT(message_of<IoError>(asked), AllOf(HasSubstr("settings.toml:2:7"), HasSubstr("not valid TOML")));
  asked.config_file = file("x = " + std::string(200, '[') + std::string(200, ']'));
  EXPECT_THAT(message_of<IoError>(asked), HasSubstr("not valid TOML"));
  asked.config_file = file(std::string(kMaxTomlBytes + 1, '\n'));
  EXPECT_THAT(message_of<IoError>(asked), HasSubstr("larger than"));
  asked.config_file = file(std::string("tau = \"\xff\xfe\"\n"));
  EXPECT_THAT(message_of<IoError>(asked), HasSubstr("settings.toml:1"));
  asked.config_file = file("tau = 0.1\ntau = 0.2\n");
  EXPECT_THAT(message_of<IoError>(asked), AllOf(HasSubstr("settings.toml:2"), HasSubstr("not valid TOML")));
  asked.config_file = file("env_kwargs.g = 9.0\n\"env_kwargs.g\" = 8.0\n");
  EXPECT_THAT(message_of<ConfigError>(asked), AllOf(HasSubstr("settings.toml:2:1: env_kwargs.g: appears twice"),
                                                    HasSubstr("first at"), HasSubstr("settings.toml:1:")));
  asked.config_file = file("tau = 2020-01-01\n");
  EXPECT_THAT(message_of<ConfigError>(asked), HasSubstr("settings.toml:1:1: tau"));
}

// Written and read back: every value the same, doubles to the bit, origins kept.
TEST_F(Resolve, ConfigTomlReadsBackToTheSameValues) {
  ConfigRequest asked = request();
  asked.set = {"learning_rate=0.1",
               "gamma=0.9899999999999999911182158029987",
               "tau=4.9406564584124654e-324",
               "adam_eps=1.0000000000000002e-8",
               "seed=9007199254740993",
               "net_arch=[7, 9]",
               "net_arch_actor=[3]",
               "ent_coef=auto_0.30000000000000004",
               "target_entropy=sigma_0.1499999999999999944488848768742172978818416595458984375",
               "policy=gaussian",
               "env_kwargs.g=9.8066500000000012",
               "checkpoint_replay=false",
               "backend=portable"};
  const ResolvedConfig first = resolve_config(asked);
  const std::string text = config_toml(first);
  const ResolvedConfig kept = load_run_config(file(text));
  EXPECT_EQ(config_toml(kept), text);
  EXPECT_EQ(kept.origin, first.origin);
  EXPECT_EQ(kept.config.sac.tau, 4.9406564584124654e-324);
  EXPECT_EQ(kept.config.seed, 9007199254740993u);
  EXPECT_EQ(kept.config.sac.ent_coef, 0.30000000000000004);
  EXPECT_EQ(std::get<double>(kept.config.env_kwargs.at("g")), std::get<double>(first.config.env_kwargs.at("g")));

  ConfigRequest again = request("");
  again.config_file = file(text);
  const ResolvedConfig reread = resolve_config(again);
  const auto before = setting_texts(first.config), after = setting_texts(reread.config);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i].value, after[i].value) << before[i].info.name;
  EXPECT_EQ(reread.config.env_kwargs, first.config.env_kwargs);
  EXPECT_EQ(reread.origin.at("gamma"), "file " + again.config_file);
}

TEST_F(Resolve, ValuesOfNoSettingsKindAreNamed) {
  const std::string text = "a = 2026-01-01\nb = [1, \"x\"]\nc = [[1]]\nd = [\"x\", \"y\"]\n[origin]\ne = 1\n";
  const TomlSettings parsed = parse_toml_settings(text, "f.toml", "test");
  ASSERT_EQ(parsed.violations.size(), 4u);
  EXPECT_THAT(parsed.violations[0], AllOf(HasSubstr("f.toml:1:"), HasSubstr("a: a value of this kind is no setting")));
  EXPECT_THAT(parsed.violations[3], HasSubstr("origin.e: expected a text"));
  ASSERT_EQ(parsed.entries.size(), 1u);
  EXPECT_EQ(to_toml(parsed.entries[0].value), "[\"x\", \"y\"]");
}

TEST_F(Resolve, AnArgumentOfTheEnvironmentHasTheKindOfItsDefault) {
  for (const std::string value : {"true", "[9.0]", "\"9\"", "[\"9\", \"8\"]"}) {
    ConfigRequest asked = request();
    asked.set = {"env_kwargs.g=" + value};
    EXPECT_THAT(message_of<ConfigError>(asked), HasSubstr("env_kwargs.g: expected a number")) << value;
  }
}

TEST_F(Resolve, ARunsFileIsNamedWhereItsSettingsAreWrong) {
  try {
    parse_run_config("env_id = \"Pendulum-v1\"\nbatch_size = 0\n", "run/config.toml");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), AllOf(testing::StartsWith("run/config.toml: "), HasSubstr("batch_size")));
  }
}

TEST_F(Resolve, TextsSurviveQuoting) {
  for (const std::string text : {"plain", "with \"quotes\" and \\", "tab\tand\nnewline", "\x01\x7f", "π ≤ 2"}) {
    const TomlSettings parsed = parse_toml_settings("a = " + to_toml(text), "text", "test");
    ASSERT_EQ(parsed.entries.size(), 1u);
    EXPECT_EQ(std::get<std::string>(parsed.entries[0].value), text);
  }
}

TEST_F(Resolve, ARunOfAPythonEnvironmentSaysWhatItNeeds) {
  const std::string path = file("env_id = \"python/Thing\"\n");
  EXPECT_EQ(parse_run_config("env_id = \"python/Thing\"\n", "x").config.env_id, "python/Thing");
  try {
    load_run_config(path);
    FAIL() << "nothing thrown";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path), HasSubstr("made by a function of a Python program")));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("unknown environment")));
  }
}

TEST(SettingsDocs, PageIsUpToDate) {
  std::ifstream page(SOFTAC_SOURCE_DIR "/docs/settings.md", std::ios::binary);
  ASSERT_TRUE(page) << "docs/settings.md is missing; softac info --settings prints it";
  const std::string text((std::istreambuf_iterator<char>(page)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, settings_markdown()) << "regenerate it: softac info --settings > docs/settings.md";
}

}  // namespace
}  // namespace softac
