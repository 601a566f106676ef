// Model files: where they are found, what is checked, and what a wrong one is answered with.
#include <gmock/gmock.h>

#include "env/mujoco/model_cache.h"
#include "env/mujoco/model_files.h"
#include "fixture.h"
#include "softac/error.h"

namespace softac {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// text with the first occurrence of found replaced; fails the test if there is none.
std::string replaced(std::string text, const std::string& found, const std::string& replacement) {
  const std::size_t at = text.find(found);
  EXPECT_NE(at, std::string::npos) << found;
  return at == std::string::npos ? text : text.replace(at, found.size(), replacement);
}

TEST(MujocoModel, MissingFileNamesWhatWasSearchedAndTheFix) {
  const TempDir dir;
  const ScopedVariable variable("SOFTAC_MODEL_DIR", dir.path().string());
  EXPECT_THAT(
      message_of<IoError>([] { make_env("Hopper-v5"); }),
      AllOf(HasSubstr("hopper.xml"), HasSubstr("SOFTAC_MODEL_DIR=" + dir.path().string()), HasSubstr("pip install")));
  EXPECT_THAT(message_of<IoError>([] {
                make_env("Hopper-v5", {{"xml_file", std::string("/no/such.xml")}});
              }),
              HasSubstr("/no/such.xml"));
}

TEST(MujocoModel, ModelDirectoryGoesBeforeThePackage) {
  const TempDir dir;
  dir.write("hopper.xml", read_file(find_model_file("hopper.xml")));
  const ScopedVariable variable("SOFTAC_MODEL_DIR", dir.path().string());
  EXPECT_EQ(find_model_file("hopper.xml"), dir.path() / "hopper.xml");
  EXPECT_EQ(make_env("Hopper-v5")->spec().obs_dim, 11);
}

TEST(MujocoModel, AProgramCanSayWhereTheModelFilesAre) {
  const TempDir dir;
  dir.write("hopper.xml", read_file(find_model_file("hopper.xml")));
  EXPECT_EQ(model_directory(), "");
  set_model_directory(dir.path().string());
  EXPECT_EQ(model_directory(), dir.path().string());
  EXPECT_EQ(find_model_file("hopper.xml"), dir.path() / "hopper.xml");
  EXPECT_NE(find_model_file("swimmer.xml"), dir.path() / "swimmer.xml") << "what it lacks is looked for elsewhere";
  const std::string message = message_of<IoError>([] { find_model_file("none.xml"); });
  EXPECT_THAT(message, HasSubstr(dir.path().string() + " (set_model_directory)"));
  set_model_directory("");
  EXPECT_NE(find_model_file("hopper.xml"), dir.path() / "hopper.xml");
}

TEST(MujocoModel, HomeDirectoryIsExpanded) {
  const TempDir dir;
  dir.write("mine.xml", kCartPole);
  const ScopedVariable variable("HOME", dir.path().string());
  EXPECT_EQ(find_model_file("~/mine.xml"), dir.path() / "mine.xml");
}

// Changes one thing in Gymnasium's file and expects the fact by name, with what was found and what was expected.
struct Change {
  const char* file;
  const char* id;
  const char* found;
  const char* replacement;
  const char* fact;
};

class WrongModel : public ::testing::TestWithParam<Change> {};

TEST_P(WrongModel, IsRefusedNamingTheFact) {
  const Change& change = GetParam();
  const TempDir dir;
  const std::string original = read_file(find_model_file(change.file));
  const std::string changed = replaced(original, change.found, change.replacement);
  const std::string path = dir.write(change.file, changed);
  const ScopedVariable variable("SOFTAC_MODEL_DIR", dir.path().string());
  EXPECT_THAT(message_of<IoError>([&] { make_env(change.id); }),
              AllOf(HasSubstr(path), HasSubstr(change.fact), HasSubstr("found"), HasSubstr("expected")));
  // The same file as the user's own model is taken as it is.
  EXPECT_NO_THROW(make_env(change.id, {{"xml_file", path}}));
}

INSTANTIATE_TEST_SUITE_P(Facts, WrongModel,
                         ::testing::Values(Change{"hopper.xml", "Hopper-v5", "gear=\"200.0\"", "gear=\"201\"", "gear"},
                                           Change{"hopper.xml", "Hopper-v5", "timestep=\"0.002\"", "timestep=\"0.004\"",
                                                  "timestep"},
                                           Change{"half_cheetah.xml", "HalfCheetah-v5", "settotalmass=\"14\"",
                                                  "settotalmass=\"15\"", "total mass"},
                                           Change{"half_cheetah.xml", "HalfCheetah-v5", "joint=\"bshin\"",
                                                  "joint=\"fshin\"", "actuator 1 joint"},
                                           Change{"inverted_pendulum.xml", "InvertedPendulum-v5",
                                                  "ctrlrange=\"-3 3\" gear", "ctrlrange=\"-2 3\" gear", "lower limit"}),
                         [](const auto& test) { return std::to_string(test.index); });

TEST(MujocoModel, MalformedFileGivesMujocosMessage) {
  const TempDir dir;
  for (const char* text : {"<mujoco><worldbody>", "", "no xml at all", "<mujoco><compiler nonsense=\"1\"/></mujoco>",
                           "<mujoco><worldbody><body><joint type=\"hinge\"/></body></worldbody></mujoco>"}) {
    const std::string path = dir.write("broken.xml", text);
    const std::string message = message_of<IoError>([&] { make_env("Hopper-v5", {{"xml_file", path}}); });
    EXPECT_THAT(message, HasSubstr(path + ": ")) << text;
    EXPECT_GT(message.size(), path.size() + 20) << message;
  }
}

TEST(MujocoModel, OwnModelWithoutWhatTheTaskReadsIsRefused) {
  const TempDir dir;
  const std::string path = dir.write("cart_pole.xml", kCartPole);
  EXPECT_THAT(message_of<IoError>([&] { make_env("Reacher-v5", {{"xml_file", path}}); }), HasSubstr("fingertip"));
  EXPECT_THAT(message_of<IoError>([&] {
                make_env("InvertedDoublePendulum-v5", {{"xml_file", path}});
              }),
              AllOf(HasSubstr("expected nq 3"), HasSubstr("found nq 2")));
  EXPECT_THROW(make_env("Ant-v5", {{"xml_file", path}, {"main_body", std::string("9")}}), IoError);
}

TEST(MujocoModel, IsSharedByInstancesAndReadAgainAfterAChange) {
  const TempDir dir;
  const std::string path = dir.write("cart_pole.xml", kCartPole);
  const ModelPtr first = load_model(path);
  EXPECT_EQ(first.get(), load_model(path).get());
  dir.write("cart_pole.xml", replaced(kCartPole, "mass=\"0.5\"", "mass=\"0.75\""));
  EXPECT_NE(first.get(), load_model(path).get());
}

// Loading and a breakdown both make MuJoCo warn; by itself it prints and appends to MUJOCO_LOG.TXT.
TEST(MujocoModel, WarningsAreNeitherPrintedNorLogged) {
  const TempDir dir;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const auto env = make_env("HalfCheetah-v5");
  auto& mujoco = dynamic_cast<MujocoEnv&>(*env);
  std::vector<double> obs(17), action(6), qpos(9), qvel(9, 1e12);
  mujoco.set_state(qpos, qvel, obs);
  EXPECT_THROW(env->step(action, obs), EnvError);
  std::filesystem::current_path(before);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

}  // namespace
}  // namespace softac
