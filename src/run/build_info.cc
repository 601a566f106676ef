#include "run/build_info.h"

#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include <fstream>

#include "base/json.h"
#include "build_commit.h"
#include "env/mujoco_version.h"

namespace softac {

std::string softac_version() {
  return SOFTAC_VERSION;
}
std::string softac_commit() {
  return SOFTAC_COMMIT;
}
bool softac_tree_changed() {
  return SOFTAC_TREE_CHANGED;
}

std::string compiler_version() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

std::vector<std::string> cpu_features() {
  std::vector<std::string> features;
#if defined(__x86_64__)
  __builtin_cpu_init();
  // The builtin takes literals alone.
  if (__builtin_cpu_supports("sse4.2")) features.push_back("sse4_2");
  if (__builtin_cpu_supports("avx")) features.push_back("avx");
  if (__builtin_cpu_supports("avx2")) features.push_back("avx2");
  if (__builtin_cpu_supports("fma")) features.push_back("fma");
  if (__builtin_cpu_supports("avx512f")) features.push_back("avx512f");
  if (__builtin_cpu_supports("avx512dq")) features.push_back("avx512dq");
  if (__builtin_cpu_supports("avx512bw")) features.push_back("avx512bw");
  if (__builtin_cpu_supports("avx512vl")) features.push_back("avx512vl");
#endif
  return features;
}

std::string provenance_json(const std::string& backend, int threads, const std::vector<InputFile>& inputs,
                            const std::optional<ForkParent>& parent) {
  utsname system{};
  uname(&system);
  Json out = {
      {"softac_version", softac_version()},
      {"commit", softac_commit()},
      {"tree_changed", softac_tree_changed()},
      {"compiler", compiler_version()},
      {"system", std::string(system.sysname) + " " + system.release + " " + system.machine},
      {"cpu", cpu_model()},
      {"cpu_features", cpu_features()},
      {"backend", backend},
      {"threads", threads},
      {"libraries",
       {{"mujoco", mujoco_version()}, {"glibc", gnu_get_libc_version()}, {"nlohmann_json", json_library_version()}}}};
  out["input_files"] = Json::array();
  for (const InputFile& input : inputs)
    out["input_files"].push_back({{"setting", input.setting}, {"path", input.path}, {"sha256", input.sha256}});
  if (parent) out["parent"] = to_json(*parent);
  return out.dump(2) + "\n";
}

}  // namespace softac
