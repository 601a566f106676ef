#include "math/backend.h"

#include <algorithm>
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

namespace {

// SOFTAC_BACKEND stands in for an empty name.
std::string wanted_backend(const std::string& name) {
  const char* from_environment = std::getenv("SOFTAC_BACKEND");
  return !name.empty() ? name : from_environment ? from_environment : "";
}

}  // namespace

std::string backend_problem(const std::string& name) {
  const std::string wanted = wanted_backend(name);
  const std::vector<std::string> known = available_backends(), unavailable = unavailable_backends();
  const auto is_wanted = [&](const std::string& other) { return other == wanted; };
  if (wanted.empty() || std::any_of(known.begin(), known.end(), is_wanted)) return "";
  const std::string found = wanted + (name.empty() ? " (SOFTAC_BACKEND)" : "");
  if (std::any_of(unavailable.begin(), unavailable.end(), is_wanted)) return found + ": this CPU cannot run it";
  std::string allowed;
  for (const std::string& other : known) allowed += (allowed.empty() ? "" : ", ") + other;
  return found + ": must be one of " + allowed + ", or empty" + did_you_mean(wanted, known);
}

template <>
const KernelTable<float>& select_kernels<float>(const std::string& name) {
  if (const std::string problem = backend_problem(name); !problem.empty()) throw ConfigError("backend = " + problem);
  const std::string wanted = wanted_backend(name);
  const std::vector<Entry> all = entries();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Entry& entry) {
    return entry.runs_here && (wanted.empty() || entry.name == wanted);
  });
  return *found->table;
}

template <>
const KernelTable<double>& select_kernels<double>(const std::string&) {
  return *reference_table_double();
}

}  // namespace softac
