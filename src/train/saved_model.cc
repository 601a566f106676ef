#include "train/saved_model.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "formats/strict_json.h"
#include "formats/zip.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "train/learner_file.h"

namespace softac {

namespace {

constexpr const char* kModelFormat = "softac-model-1";
constexpr const char* kLearnerEntry = "learner.safetensors";

// data.json, of which each value is looked for by name.
class SavedData {
 public:
  SavedData(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  SavedData at(const char* key) const {
    const Json* found = json_.is_object() ? json_.find(key) : nullptr;
    if (found == nullptr) throw IoError(where_ + "." + key + " is missing");
    return {*found, where_ + "." + key};
  }
  std::string text() const {
    if (!json_.is_string()) throw IoError(where_ + ": expected a text");
    return json_.get<std::string>();
  }
  std::int64_t count() const { return json_count(json_, where_); }
  // Numbers; the package writes those that are not finite as texts.
  std::vector<double> numbers() const {
    std::vector<double> out;
    if (!json_.is_array()) throw IoError(where_ + ": expected a list");
    for (const Json& value : json_) {
      if (value.is_number()) {
        out.push_back(value.get<double>());
      } else {
        const std::string name = SavedData(value, where_).text();
        out.push_back(name == "inf" ? HUGE_VAL : name == "-inf" ? -HUGE_VAL : std::nan(""));
      }
    }
    return out;
  }
  [[noreturn]] void refuse(const std::string& what) const { throw IoError(where_ + ": " + what); }

 private:
  const Json& json_;
  std::string where_;
};

void read_observations(const SavedData& space, EnvSpec& spec) {
  const std::string kind = space.at("space").text();
  if (kind != "Box" || space.at("shape").numbers().size() != 1)
    space.refuse("a " + kind +
                 " that is no row of numbers; an export has one row as its input, as a Box of one dimension is");
  spec.obs_low = space.at("low").numbers();
  spec.obs_high = space.at("high").numbers();
  if (spec.obs_low.size() != static_cast<std::size_t>(spec.obs_dim) || spec.obs_high.size() != spec.obs_low.size())
    space.refuse("not of the size that the networks have");
}

void read_actions(const SavedData& space, EnvSpec& spec) {
  if (space.at("space").text() == "Discrete") {
    if (space.at("n").count() != spec.num_actions) space.refuse("not of the size that the networks have");
    if (space.at("start").count() != 0) space.refuse("the first action is not 0, which exports count from");
    spec.act_low = {0.0};
    spec.act_high = {static_cast<double>(spec.num_actions)};
    return;
  }
  spec.act_low = space.at("low").numbers();
  spec.act_high = space.at("high").numbers();
  bool good = spec.num_actions == 0 && spec.act_low.size() == static_cast<std::size_t>(spec.act_dim) &&
              spec.act_high.size() == spec.act_low.size();
  for (std::size_t i = 0; good && i < spec.act_low.size(); ++i)
    good = std::isfinite(spec.act_low[i]) && std::isfinite(spec.act_high[i]) && spec.act_low[i] <= spec.act_high[i];
  if (!good) space.refuse("no bounds of actions that fit the networks");
}

}  // namespace

SavedModel read_saved_model(FileSystem& fs, const Path& path) {
  const std::string name = path.string();
  const std::vector<std::byte> bytes = fs.read_file(path, kMaxModelBytes);
  const auto entries = decode_zip(bytes, name);
  const auto data_bytes = entries.find("data.json"), learner = entries.find(kLearnerEntry);
  if (data_bytes == entries.end() || learner == entries.end()) {
    throw IoError(name + ": neither a run directory nor a model that the Python package saved" +
                  (entries.contains("policy.pth") ? "; SAC.load_sb3(…).save(…) makes one of Stable-Baselines3's" : ""));
  }
  const std::string_view text(reinterpret_cast<const char*>(data_bytes->second.data()), data_bytes->second.size());
  const Json json = parse_strict_json(text, name + ": data.json");
  const SavedData data(json, name + ": data.json");
  if (const std::string format = data.at("format").text(); format != kModelFormat)
    data.at("format").refuse(format + ", expected " + kModelFormat);

  const std::string source = name + ": " + kLearnerEntry;
  const TensorFile file = decode_safetensors(learner->second, source);
  const LearnerRecord record = parse_learner_metadata(file.metadata, source);
  SavedModel out;
  out.spec.id = "unnamed environment";
  out.spec.obs_dim = record.obs_dim;
  out.spec.act_dim = record.act_dim;
  out.spec.num_actions = record.config.num_actions;
  out.steps = data.at("counters").at("num_timesteps").count();
  read_observations(data.at("observation_space"), out.spec);
  read_actions(data.at("action_space"), out.spec);
  try {
    out.agent = std::make_unique<SacAgent>(record.obs_dim, record.act_dim, record.config, record.options.seed);
  } catch (const ConfigError& error) {
    throw IoError(source + ": " + error.what());
  }
  std::vector<TensorRef> tensors = out.agent->model_tensors();
  for (TensorRef& tensor : out.agent->optimizer_tensors()) tensors.push_back(std::move(tensor));
  load_tensors(tensors, file, source);
  return out;
}

}  // namespace softac
