#include "math/backend.h"

#include <cstdlib>

#include "base/nearest_match.h"
#include "softac/error.h"

namespace softac {
namespace {

struct Entry {
  const char* name;
  const KernelTable<float>* table;
  bool runs_here;
};

bool cpu_has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

bool cpu_has_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

// Best first.
std::vector<Entry> entries() {
  std::vector<Entry> out;
#if defined(__x86_64__)
  out.push_back({"avx512", avx512_table(), cpu_has_avx512()});
  out.push_back({"avx2", avx2_table(), cpu_has_avx2()});
#endif
  out.push_back({"portable", portable_table(), true});
  out.push_back({"reference", reference_table_float(), true});
  return out;
}

std::vector<std::string> names(bool runs_here) {
  std::vector<std::string> out;
  for (const Entry& entry : entries()) {
    if (entry.runs_here == runs_here) out.push_back(entry.name);
  }
  return out;
}

}  // namespace

std::vector<std::string> available_backends() {
  return names(true);
}
std::vector<std::string> unavailable_backends() {
  return names(false);
}

template <>
const KernelTable<float>& select_kernels<float>(const std::string& name) {
  const char* from_environment = std::getenv("SOFTAC_BACKEND");
  const std::string wanted = !name.empty() ? name : from_environment ? from_environment : "";
  for (const Entry& entry : entries()) {
    if (!entry.runs_here) {
      if (entry.name == wanted) throw ConfigError("backend '" + wanted + "': this CPU cannot run it");
      continue;
    }
    if (wanted.empty() || entry.name == wanted) return *entry.table;
  }
  throw ConfigError("unknown backend '" + wanted + "'" + did_you_mean(wanted, available_backends()));
}

template <>
const KernelTable<double>& select_kernels<double>(const std::string&) {
  return *reference_table_double();
}

}  // namespace softac
