#include "machine.h"

#include <fstream>

#include "base/cpu_limit.h"

namespace softac::app {

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

int num_cores() {
  return usable_cores();
}

}  // namespace softac::app
