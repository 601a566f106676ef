// Files from outside have the identity of their contents; paths in settings are absolute.
#include "config/input_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"
#include "config/resolve.h"
#include "softac/error.h"

namespace softac {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(InputFiles, AreComparedByContents) {
  const std::vector<InputFile> recorded = {{"env_plugins", "/a.so", "11"}, {"env_kwargs.xml_file", "/m.xml", "22"}};
  const InputChanges same = compare_input_files(recorded, recorded);
  EXPECT_THAT(same.changed, IsEmpty());
  EXPECT_THAT(same.moved, IsEmpty());
  EXPECT_THAT(same.same, ElementsAre("env_kwargs.xml_file", "env_plugins"));

  const InputChanges other =
      compare_input_files(recorded, {{"env_plugins", "/b.so", "11"}, {"env_kwargs.xml_file", "/m.xml", "33"}});
  EXPECT_THAT(other.moved, ElementsAre("env_plugins: /b.so is what the run had as /a.so"));
  ASSERT_EQ(other.changed.size(), 1u);
  EXPECT_THAT(other.changed[0], testing::AllOf(HasSubstr("env_kwargs.xml_file"), HasSubstr("33"), HasSubstr("22")));
  EXPECT_NO_THROW(refuse_changed_inputs("run", other, true));
  EXPECT_THAT(message_of<IoError>([&] { refuse_changed_inputs("run", other, false); }),
              testing::AllOf(HasSubstr("--allow-changed"), HasSubstr("--set env_kwargs.xml_file=FILE")));

  EXPECT_EQ(compare_input_files(recorded, {}).changed.size(), 2u) << "a file that is named no more";
  EXPECT_THAT(compare_input_files({}, recorded).changed, IsEmpty()) << "runs of earlier versions recorded none";
}

TEST(InputFiles, AMissingOneNamesTheWayOut) {
  TempDir dir;
  TrainConfig config;
  config.env_plugins = {dir / "gone.so"};
  EXPECT_THAT(message_of<IoError>([&] { plugin_files(config); }),
              testing::AllOf(HasSubstr("gone.so"), HasSubstr("--env-plugin FILE names its new place")));
  write(dir / "gone.so", "abc");
  const auto files = plugin_files(config);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(InputFiles, AreWrittenToConfigTomlAndReadBack) {
  ResolvedConfig resolved;
  resolved.config.env_id = "Pendulum-v1";
  resolved.inputs = {{"env_kwargs.xml_file", "/with \"quotes\".xml", "22"},
                     {"env_plugins", "/a.so", "11"},
                     {"env_plugins", "/b.so", "12"}};
  EXPECT_EQ(parse_run_config(config_toml(resolved), "config.toml").inputs, resolved.inputs);
  EXPECT_THAT(message_of<ConfigError>([&] { parse_run_config("[inputs.env_plugins]\n\"/a\" = 1\n", "c.toml"); }),
              HasSubstr("inputs.env_plugins: expected a text"));
  EXPECT_THAT(message_of<ConfigError>([&] { parse_run_config("[inputs]\nenv_plugins = 1\n", "c.toml"); }),
              HasSubstr("inputs.env_plugins: expected a table"));
}

TEST(Paths, OfAFileAreRelativeToItAndThoseOfTheCommandLineToTheFolder) {
  TempDir dir;
  std::vector<SettingEntry> entries = {{"env_plugins", std::vector<std::string>{"a.so", "/b.so", "../c.so"}, ""},
                                       {"env_kwargs.xml_file", std::string("./m.xml"), ""},
                                       {"env_kwargs.other", std::string("../x/../m.xml"), ""},
                                       {"env_kwargs.name", std::string("ant.xml"), ""},
                                       {"env_kwargs.text", std::string(".5"), ""},
                                       {"env_kwargs.number", 0.5, ""},
                                       {"backend", std::string("./portable"), ""}};
  make_paths_absolute(entries, "/base/of");
  EXPECT_EQ(std::get<std::vector<std::string>>(entries[0].value),
            (std::vector<std::string>{"/base/of/a.so", "/b.so", "/base/c.so"}));
  EXPECT_EQ(std::get<std::string>(entries[1].value), "/base/of/m.xml");
  EXPECT_EQ(std::get<std::string>(entries[2].value), "/base/m.xml");
  EXPECT_EQ(std::get<std::string>(entries[3].value), "ant.xml");
  EXPECT_EQ(std::get<std::string>(entries[4].value), ".5");
  EXPECT_EQ(std::get<std::string>(entries[6].value), "./portable");

  std::filesystem::create_directories(dir / "settings");
  write(dir / "settings" / "s.toml", "env_id = \"Pendulum-v1\"\nenv_plugins = [\"absent.so\"]\n");
  ConfigRequest request;
  request.config_file = dir / "settings" / "s.toml";
  EXPECT_THAT(message_of<IoError>([&] { resolve_config(request); }),
              HasSubstr((dir / "settings" / "absent.so").string()));
  write(dir / "settings" / ".hidden.xml", "");
  entries = {{"env_kwargs.xml_file", std::string(".hidden.xml"), ""}};
  make_paths_absolute(entries, dir / "settings");
  EXPECT_EQ(std::get<std::string>(entries[0].value), (dir / "settings" / ".hidden.xml").string());
}

}  // namespace
}  // namespace softac
