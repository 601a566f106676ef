// Models that the Python package saved: the same actions as its learner's, and everything that is no such file.
#include "train/saved_model.h"

#include <gmock/gmock.h>

#include "base/temp_dir.h"
#include "formats/zip.h"
#include "softac/error.h"
#include "softac/learner.h"

namespace softac {
namespace {

using testing::HasSubstr;

constexpr const char* kBox =
    R"({"space": "Box", "shape": [3], "low": ["-inf", -1.0, -8.0], "high": ["inf", 1.0, 8.0]})";
constexpr const char* kTorques = R"({"space": "Box", "shape": [2], "low": [-2.0, 0.0], "high": [2.0, 1.0]})";

std::string data_json(const std::string& observations, const std::string& actions,
                      const std::string& format = "softac-model-1") {
  return R"({"format": ")" + format + R"(", "counters": {"num_timesteps": 150}, "observation_space": )" + observations +
         R"(, "action_space": )" + actions + "}";
}

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class SavedModelTest : public testing::Test {
 protected:
  SavedModelTest() {
    config_.net_arch = {8};
    config_.normalize_obs = true;
    Learner learner(3, 2, config_, {.buffer_size = 100, .seed = 5});
    learner.save((dir_ / "learner").string());
    entries_["learner.safetensors"] = fs_.read_file(dir_ / "learner", 1 << 20);
    entries_["data.json"] = bytes_of(data_json(kBox, kTorques));
  }

  SavedModel read() {
    write_bytes(encode_zip(entries_));
    return read_saved_model(fs_, dir_ / "model.zip");
  }
  std::string refusal() {
    try {
      read();
    } catch (const IoError& error) {
      return error.what();
    }
    ADD_FAILURE() << "nothing was refused";
    return "";
  }
  void write_bytes(std::span<const std::byte> bytes) {
    const auto file = fs_.open_write(dir_ / "model.zip", WriteMode::truncate);
    file->write(bytes);
    file->close();
  }

  const TempDir dir_;
  FileSystem& fs_ = posix_file_system();
  SacConfig config_;
  std::map<std::string, std::vector<std::byte>> entries_;
};

TEST_F(SavedModelTest, ActsAsItsLearner) {
  const SavedModel model = read();
  EXPECT_EQ(model.steps, 150);
  EXPECT_EQ(model.spec.act_high, (std::vector<double>{2.0, 1.0}));
  EXPECT_EQ(model.spec.obs_low, (std::vector<double>{-HUGE_VAL, -1.0, -8.0}));
  Learner learner = Learner::load((dir_ / "learner").string());
  std::vector<Rng> none;
  for (const std::vector<float>& obs : {std::vector<float>{0.5f, -0.25f, 3.0f}, std::vector<float>{0, 0, 0}}) {
    std::vector<float> one(2), two(2);
    learner.act(obs, one, true);
    ASSERT_TRUE(model.agent->act(obs, 1, true, none, two));
    EXPECT_EQ(one, two);
  }
}

TEST_F(SavedModelTest, NamesWhatIsWrong) {
  const std::map<std::string, std::vector<std::byte>> good = entries_;
  entries_["data.json"] = bytes_of(data_json(kBox, kTorques, "softac-model-9"));
  EXPECT_THAT(refusal(), HasSubstr("model.zip: data.json.format: softac-model-9, expected softac-model-1"));
  entries_["data.json"] = bytes_of(data_json(R"({"space": "Dict", "entries": []})", kTorques));
  EXPECT_THAT(refusal(), HasSubstr("data.json.observation_space"));
  entries_["data.json"] = bytes_of(data_json(R"({"space": "Box", "shape": [1, 3], "low": [], "high": []})", kTorques));
  EXPECT_THAT(refusal(), HasSubstr("a Box of one dimension"));
  entries_["data.json"] =
      bytes_of(data_json(R"({"space": "Box", "shape": [2], "low": [0, 0], "high": [1, 1]})", kTorques));
  EXPECT_THAT(refusal(), HasSubstr("not of the size that the networks have"));
  for (const char* actions :
       {R"({"space": "Box", "shape": [1], "low": [0], "high": [1]})",
        R"({"space": "Box", "shape": [2], "low": [0, 0], "high": [1, "inf"]})",
        R"({"space": "Box", "shape": [2], "low": [0, 2], "high": [1, 1]})",
        R"({"space": "Discrete", "n": 2, "start": 0})", R"({"space": "MultiBinary", "n": 2})", "3", "{}"}) {
    entries_["data.json"] = bytes_of(data_json(kBox, actions));
    EXPECT_THAT(refusal(), HasSubstr("data.json.action_space")) << actions;
  }
  for (const char* text : {"", "{", "[]", "{}", R"({"format": 3})"}) {
    entries_["data.json"] = bytes_of(text);
    EXPECT_THAT(refusal(), HasSubstr("model.zip: data.json")) << text;
  }
  entries_ = good;
  entries_["learner.safetensors"].resize(1000);
  EXPECT_THAT(refusal(), HasSubstr("model.zip: learner.safetensors"));
  entries_ = {{"policy.pth", {}}, {"data.json", {}}};
  EXPECT_THAT(refusal(), HasSubstr("SAC.load_sb3"));
  entries_ = {{"words", {}}};
  EXPECT_THAT(refusal(), HasSubstr("neither a run directory nor a model that the Python package saved"));
}

TEST_F(SavedModelTest, EveryPartOfAFileIsRefused) {
  const std::vector<std::byte> whole = encode_zip(entries_);
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    write_bytes(std::span(whole).first(size));
    EXPECT_THROW(read_saved_model(fs_, dir_ / "model.zip"), IoError) << size;
  }
}

}  // namespace
}  // namespace softac
