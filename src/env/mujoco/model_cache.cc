#include "env/mujoco/model_cache.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>

#include "env/mujoco/model_facts.h"
#include "env/mujoco/model_files.h"
#include "env/mujoco/mujoco_api.h"
#include "softac/error.h"

namespace softac {

namespace {

using FileKey = std::tuple<std::string, std::uintmax_t, std::filesystem::file_time_type>;  // path, size, last write

mjModel* compile(const std::string& path) {
  MujocoTrap trap;
  std::array<char, 1024> message{};
  mjModel* model = nullptr;
  const bool returned = run_trapped(
      trap, [&] { model = mj_loadXML(path.c_str(), nullptr, message.data(), static_cast<int>(message.size())); });
  if (!returned) throw IoError("model file " + path + ": " + trap.message.data());
  if (model == nullptr) throw IoError("model file " + path + ": " + message.data());
  return model;
}

// Less memory per instance than the files ask for, and on 2.2 much cheaper resets; results do not depend on it. Enough
// for every contact that the task's bodies can make: EnvError reports an overflow.
void trim_memory(mjModel& model) {
#if mjVERSION_HEADER >= 300
  constexpr mjtSize kArenaBytes = 4 << 20;
  model.narena = std::min<mjtSize>(model.narena, kArenaBytes);
#elif mjVERSION_HEADER < 230
  constexpr int kContacts = 100, kRowsPerContact = 4;
  model.nconmax = std::min(model.nconmax, kContacts);
  model.njmax = std::min(model.njmax, kContacts * kRowsPerContact + 2 * model.njnt);
#endif
  static_cast<void>(model);
}

}  // namespace

ModelPtr load_model(const std::string& xml_file) {
  prepare_mujoco();
  const std::filesystem::path path = std::filesystem::canonical(find_model_file(xml_file));
  const ModelFacts* facts = find_model_facts(xml_file);

  static std::mutex mutex;
  static std::map<FileKey, std::weak_ptr<const mjModel>> cache;
  const std::lock_guard<std::mutex> lock(mutex);
  std::weak_ptr<const mjModel>& slot =
      cache[{path.string(), std::filesystem::file_size(path), std::filesystem::last_write_time(path)}];
  ModelPtr shared = slot.lock();
  if (!shared) {
    mjModel* model = compile(path.string());
    shared = ModelPtr(model, [](const mjModel* m) { mj_deleteModel(const_cast<mjModel*>(m)); });
    if (facts != nullptr) trim_memory(*model);
    slot = shared;
  }
  if (facts != nullptr) check_model_facts(*shared, *facts, path.string());
  return shared;
}

}  // namespace softac
