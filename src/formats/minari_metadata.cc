// metadata.json of a dataset of Minari: spaces as Python prints them, and the environment that it names.
#include <cmath>
#include <string>

#include "base/json.h"
#include "base/text.h"
#include "formats/minari.h"

namespace softac {
namespace {

constexpr std::uint64_t kMaxMetadataBytes = 1 << 26;
constexpr const char* kMinariVersion = "0.5.0";  // of the layout

// As Python's json writes and reads it.
std::string python_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0.0 ? "Infinity" : "-Infinity";
  return Json(value).dump();
}

std::string python_list(const std::vector<double>& values) {
  std::string out = "[";
  for (const double value : values) out += (out.size() > 1 ? ", " : "") + python_number(value);
  return out + "]";
}

std::string box(const std::vector<double>& low, const std::vector<double>& high) {
  return R"({"type": "Box", "dtype": "float32", "shape": [)" + std::to_string(low.size()) + R"(], "low": )" +
         python_list(low) + R"(, "high": )" + python_list(high) + "}";
}

std::string discrete(int num_actions) {
  return R"({"type": "Discrete", "dtype": "int64", "start": 0, "n": )" + std::to_string(num_actions) + "}";
}

}  // namespace

std::string minari_metadata(const MinariDataset& dataset, std::span<const DataEpisode> episodes, std::uint64_t bytes) {
  std::int64_t steps = 0;
  for (const DataEpisode& episode : episodes) steps += episode.steps;
  const Json spec = {{"id", dataset.env_id}, {"additional_wrappers", Json::array()}};
  std::string name;
  for (const char c : dataset.env_id)
    name += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ? c : '_';
  const Json out = {{"total_episodes", episodes.size()},
                    {"total_steps", steps},
                    {"data_format", "hdf5"},
                    {"jpeg_encoding", true},
                    {"observation_space", box(dataset.obs_low, dataset.obs_high)},
                    {"action_space",
                     dataset.num_actions > 0 ? discrete(dataset.num_actions) : box(dataset.act_low, dataset.act_high)},
                    {"env_spec", spec.dump()},
                    {"dataset_id", name + "/softac-v0"},
                    {"algorithm_name", "softac: Soft Actor-Critic"},
                    {"author", Json::array()},
                    {"author_email", Json::array()},
                    {"minari_version", kMinariVersion},
                    {"dataset_size", std::round(static_cast<double>(bytes) / 1e5) / 10.0}};
  return out.dump(2) + "\n";
}

std::string minari_env_id(FileSystem& fs, const Path& metadata) {
  if (fs.kind(metadata) != FileKind::file) return "";
  try {
    const Json all = parse_json(fs.read_text(metadata, kMaxMetadataBytes), 64);
    const Json* spec = all.find("env_spec");
    if (spec == nullptr || !spec->is_string()) return "";
    const Json parsed = parse_json(spec->get<std::string>(), 64);
    const Json* id = parsed.find("id");
    return id != nullptr && id->is_string() ? id->get<std::string>() : "";
  } catch (const JsonError&) {  // what it says is for people alone
    return "";
  }
}

}  // namespace softac
