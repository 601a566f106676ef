// Checkpoints are complete or not there, whatever fails; damage is found.
#include "run/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <map>

#include "softac/agent.h"
#include "softac/config.h"
#include "softac/error.h"
#include "support/fault_file_system.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

using testing::HasSubstr;

CheckpointFiles files_with(const std::string& text) {
  return {{"model.safetensors", [text](WritableFile& file) { file.write("model " + text); }},
          {"state.json", [text](WritableFile& file) { file.write("{" + text + "}"); }}};
}

TEST(Checkpoint, IsFoundAgain) {
  TempDir dir;
  FileSystem& fs = posix_file_system();
  const Path checkpoints = dir / "checkpoints";
  fs.make_directories(checkpoints);
  EXPECT_EQ(write_checkpoint(fs, checkpoints, 100'000, 0xabcd, files_with("a")), "step-000100000");
  const auto found = find_checkpoints(fs, checkpoints, "*");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].complete) << found[0].error;
  EXPECT_EQ(found[0].step, 100'000);
  EXPECT_EQ(found[0].state_hash, "000000000000abcd");
  ASSERT_EQ(found[0].files.size(), 2u);
  EXPECT_EQ(found[0].files[0].name, "model.safetensors");
  EXPECT_EQ(found[0].files[0].bytes, 7u);
  EXPECT_FALSE(fs.exists(checkpoints / ".staging"));
}

TEST(Checkpoint, NamesAreNeverUsedTwiceAndThreeAreKept) {
  TempDir dir;
  FileSystem& fs = posix_file_system();
  const Path checkpoints = dir / "checkpoints";
  fs.make_directories(checkpoints);
  EXPECT_EQ(write_checkpoint(fs, checkpoints, 5, 0, files_with("a")), "step-000000005");
  EXPECT_EQ(write_checkpoint(fs, checkpoints, 5, 0, files_with("b")), "step-000000005.2");
  EXPECT_EQ(write_checkpoint(fs, checkpoints, 5, 0, files_with("c")), "step-000000005.3");
  EXPECT_EQ(write_checkpoint(fs, checkpoints, 5, 0, files_with("d")), "step-000000005.4");
  EXPECT_EQ(fs.list(checkpoints),
            (std::vector<std::string>{"latest", "step-000000005.2", "step-000000005.3", "step-000000005.4"}));
  EXPECT_EQ(choose_checkpoint(fs, checkpoints, {}, "*").name, "step-000000005.4");
  EXPECT_EQ(write_checkpoint(fs, checkpoints, 5, 0, files_with("e")), "step-000000005.5");
}

TEST(Checkpoint, TheRuleSaysWhichAreKept) {
  FileSystem& fs = posix_file_system();
  const auto kept = [&](const std::string& name, const KeepRule& rule) {
    TempDir dir;
    const Path checkpoints = dir / name;
    fs.make_directories(checkpoints);
    for (int i = 1; i <= 7; ++i) write_checkpoint(fs, checkpoints, i, 0, files_with("a"), {}, rule);
    std::vector<std::int64_t> steps;
    for (const CheckpointInfo& info : find_checkpoints(fs, checkpoints, "*")) {
      EXPECT_TRUE(info.complete) << info.error;
      steps.push_back(info.step);
    }
    return steps;
  };
  using Steps = std::vector<std::int64_t>;
  EXPECT_EQ(kept("default", {}), (Steps{5, 6, 7}));
  EXPECT_EQ(kept("one", {1, 0}), (Steps{7}));
  EXPECT_EQ(kept("all", {kKeepAll, 0}), (Steps{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(kept("every", {2, 3}), (Steps{3, 6, 7}));
}

TEST(Checkpoint, DamageIsFoundAndTheOneBeforeTaken) {
  TempDir dir;
  FileSystem& fs = posix_file_system();
  const Path checkpoints = dir / "checkpoints";
  fs.make_directories(checkpoints);
  for (const int step : {10, 20}) write_checkpoint(fs, checkpoints, step, 0, files_with("contents"));
  const auto damage = [&](const std::string& file, const std::string& text) {
    std::ofstream(checkpoints / "step-000000020" / file, std::ios::trunc) << text;
  };
  EXPECT_EQ(choose_checkpoint(fs, checkpoints, {}, "*").step, 20);
  damage("state.json", "{contentz}");  // same size
  EXPECT_EQ(choose_checkpoint(fs, checkpoints, {}, "*").step, 10);
  EXPECT_EQ(choose_checkpoint(fs, checkpoints, {}, "model.safetensors").step, 20) << "only that file is read";
  damage("state.json", "{content}");  // another size
  EXPECT_EQ(choose_checkpoint(fs, checkpoints, {}, "model.safetensors").step, 10);
  EXPECT_THROW(choose_checkpoint(fs, checkpoints, {ModelChoice::Kind::step, 20}, "*"), IoError);
  for (const char* manifest :
       {"", "{", "{\"format\": 1}", "{\"format\": 2, \"step\": 20, \"state_hash\": \"\", \"files\": {}}", "[]"}) {
    damage("manifest.json", manifest);
    const auto found = find_checkpoints(fs, checkpoints, "");
    EXPECT_FALSE(found.back().complete);
    EXPECT_THAT(found.back().error, HasSubstr("manifest"));
  }
  // Names that lead out of the run, keys and segments that appear twice, and bytes behind the end.
  const std::string head = "{\"format\": 2, \"step\": 20, \"sequence\": 2, \"state_hash\": \"\", \"max_step\": 20, ";
  const std::string segment = "{\"name\": \"segment-000000001.bin\", \"bytes\": 0, \"sha256\": \"\"}";
  const std::map<std::string, std::string> hostile = {
      {head + "\"next_segment\": 1, \"replay\": [], \"files\": {\"../x\": {\"bytes\": 0, \"sha256\": \"\"}}}",
       "names a file"},
      {head + "\"next_segment\": 2, \"files\": {}, \"replay\": [{\"name\": \"../x\", \"bytes\": 0, \"sha256\": \"\"}]}",
       "names a segment"},
      {head + "\"next_segment\": 2, \"files\": {}, \"replay\": [" + segment + ", " + segment + "]}", "twice"},
      {head + "\"step\": 21, \"next_segment\": 1, \"replay\": [], \"files\": {}}", "the key \"step\" appears twice"},
      {head + "\"next_segment\": 1, \"replay\": [], \"files\": {}} {}", "not JSON"},
      // Numbers that no file of softac's holds, and that a plain conversion would not survive.
      {"{\"format\": 9" + std::string(47, '2') + "}", "format: expected a whole number"},
      {head + "\"next_segment\": 9223372036854775807}", "next_segment: expected a whole number"},
      {head + "\"next_segment\": 1.5}", "next_segment: expected a whole number"},
      {head + "\"next_segment\": 1, \"files\": {\"x\": {\"bytes\": -1, \"sha256\": \"\"}}}",
       "bytes of x: expected a whole number"}};
  for (const auto& [manifest, error] : hostile) {
    damage("manifest.json", manifest);
    const auto found = find_checkpoints(fs, checkpoints, "");
    EXPECT_FALSE(found.back().complete);
    EXPECT_THAT(found.back().error, HasSubstr(error)) << manifest;
  }
  std::filesystem::remove_all(checkpoints / "step-000000010");
  try {
    choose_checkpoint(fs, checkpoints, {}, "*");
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("step-000000020"), HasSubstr("manifest")));
  }
}

// Every operation of a checkpoint fails once, and from then on: earlier ones stay good, what is there is complete.
// Writes as many checkpoints as are kept behind the back of whoever has just listed them, the first `times` times.
class RotatingFileSystem final : public FaultFileSystem {
 public:
  RotatingFileSystem(Path checkpoints, int times)
      : FaultFileSystem(posix_file_system()), checkpoints_(std::move(checkpoints)), times_(times) {}
  std::vector<std::string> list(const Path& dir) override {
    const auto names = FaultFileSystem::list(dir);
    if (dir == checkpoints_ && times_-- > 0) rotate();
    return names;
  }
  void rotate() {
    for (int i = 0; i < 3; ++i) {
      ++step_;
      write_checkpoint(posix_file_system(), checkpoints_, step_, 0, files_with(std::to_string(step_)));
    }
  }
  int step() const { return step_; }

 private:
  Path checkpoints_;
  int times_, step_ = 0;
};

TEST(Checkpoint, AReaderThatLosesTheRaceAgainstRotationLooksAgain) {
  for (const int times : {1, 3}) {
    TempDir dir;
    const Path checkpoints = dir / "checkpoints";
    posix_file_system().make_directories(checkpoints);
    const auto racing = [&] {
      remove_tree(posix_file_system(), checkpoints);
      posix_file_system().make_directories(checkpoints);
      auto fs = std::make_unique<RotatingFileSystem>(checkpoints, times);
      fs->rotate();
      return fs;
    };
    auto fs = racing();
    const auto all = find_checkpoints(*fs, checkpoints, "*");
    ASSERT_EQ(all.size(), 3u);
    for (const CheckpointInfo& info : all) EXPECT_TRUE(info.complete) << info.error;
    EXPECT_EQ(all.back().step, fs->step());
    fs = racing();
    const std::int64_t step = choose_checkpoint(*fs, checkpoints, {}, "*").step;
    EXPECT_EQ(step, fs->step());
    fs = racing();
    const ChosenFile chosen = read_chosen(*fs, checkpoints, {}, "model.safetensors");
    const std::string expected = "model " + std::to_string(fs->step());
    EXPECT_TRUE(std::ranges::equal(chosen.bytes, std::as_bytes(std::span(expected))));
  }
}

TEST(Checkpoint, SurvivesAnyFailure) {
  for (const bool from_then_on : {false, true}) {
    for (int at = 0;; ++at) {
      TempDir dir;
      FaultFileSystem fs(posix_file_system());
      const Path checkpoints = dir / "checkpoints";
      fs.make_directories(checkpoints);
      write_checkpoint(fs, checkpoints, 10, 0, files_with("ten"));
      Fault fault;
      fault.at = at;
      fault.error = ENOSPC;
      fault.from_then_on = from_then_on;
      fault.short_write = 0.5;
      fs.set_fault(fault);
      bool threw = false;
      try {
        write_checkpoint(fs, checkpoints, 20, 0, files_with("twenty"));
      } catch (const Error&) {
        threw = true;
      }
      const bool reached = fs.num_operations() > at;
      fs.set_fault({});
      const auto found = find_checkpoints(fs, checkpoints, "*");
      ASSERT_GE(found.size(), 1u) << at;
      for (const CheckpointInfo& info : found) EXPECT_TRUE(info.complete) << at << ": " << info.error;
      EXPECT_EQ(found.front().step, 10);
      const std::string latest = fs.read_text(checkpoints / "latest", 100);
      EXPECT_TRUE(latest == "step-000000010\n" || latest == "step-000000020\n") << at;
      EXPECT_NO_THROW(write_checkpoint(fs, checkpoints, 30, 0, files_with("thirty"))) << at;
      EXPECT_FALSE(fs.exists(checkpoints / ".staging"));
      if (!reached) {
        EXPECT_FALSE(threw);
        EXPECT_GT(at, 15);  // the loop has gone through all operations
        break;
      }
    }
  }
}

TEST(Tensors, AreWrittenAndReadBack) {
  SacConfig config;
  config.net_arch = {8};
  SacAgent a(3, 2, config, 1), b(3, 2, config, 2);
  EXPECT_NE(a.state_hash(), b.state_hash());
  load_tensors(b.model_tensors(), save_tensors(a.model_tensors(), {}), "file");
  load_tensors(b.optimizer_tensors(), save_tensors(a.optimizer_tensors(), {}), "file");
  EXPECT_EQ(a.state_hash(), b.state_hash());
}

TEST(Tensors, ForeignOnesAreRefusedBeforeAnythingIsWritten) {
  SacConfig config;
  config.net_arch = {8};
  SacAgent agent(3, 2, config, 1);
  const std::uint64_t hash = agent.state_hash();
  const TensorFile good = save_tensors(agent.model_tensors(), {});
  const std::string name = good.tensors.begin()->first;
  TensorFile missing = good, extra = good, shape = good, type = good;
  missing.tensors.erase(name);
  extra.tensors["other"] = good.tensors.begin()->second;
  shape.tensors[name].shape.push_back(1);
  type.tensors[name].type = TensorType::u32;
  for (TensorFile file : {missing, extra, shape, type}) {
    for (auto& [key, tensor] : file.tensors) std::ranges::fill(tensor.data, std::byte{1});
    EXPECT_THROW(load_tensors(agent.model_tensors(), file, "file"), IoError);
    EXPECT_EQ(agent.state_hash(), hash);
  }
}

}  // namespace
}  // namespace softac::test
