#include "parse.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "exit_code.h"

namespace softac::app {
namespace {

// The number that text begins with; moves text past it. False if there is none.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(stop - text.data());
  return true;
}

}  // namespace

double parse_duration(const std::string& text) {
  const UsageError wrong("\"" + text + "\" is no duration (examples: 90s, 15m, 2h, 1h30m, 1d)");
  std::string_view rest = text;
  double total = 0.0;
  if (rest.empty()) throw wrong;
  while (!rest.empty()) {
    double number = 0.0;
    if (!take_number(rest, number) || !(number >= 0.0)) throw wrong;
    double unit = 1.0;
    if (!rest.empty()) {
      const std::string_view units = "smhd";
      constexpr std::array<double, 4> kSeconds = {1.0, 60.0, 3600.0, 86400.0};
      const auto found = units.find(rest.front());
      if (found == std::string_view::npos) throw wrong;
      unit = kSeconds[found];
      rest.remove_prefix(1);
    }
    total += number * unit;
  }
  if (!(total > 0.0) || !std::isfinite(total)) throw wrong;
  return total;
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto whole = static_cast<long long>(std::min(seconds, 1e15));
  std::array<char, 48> text{};
  if (whole < 60)
    std::snprintf(text.data(), text.size(), "%llds", whole);
  else if (whole < 3600)
    std::snprintf(text.data(), text.size(), "%lldm%02llds", whole / 60, whole % 60);
  else
    std::snprintf(text.data(), text.size(), "%lldh%02lldm", whole / 3600, whole / 60 % 60);
  return text.data();
}

std::vector<std::uint64_t> parse_seeds(const std::string& text) {
  const UsageError wrong("\"" + text + "\" is no list of seeds (examples: 0..9 or 1,4,7..9; at most 10000, each once)");
  constexpr std::size_t kMax = 10'000;
  std::vector<std::uint64_t> seeds;
  std::string_view rest = text;
  while (true) {
    std::uint64_t first = 0;
    if (!take_number(rest, first)) throw wrong;
    std::uint64_t last = first;
    if (rest.starts_with("..")) {
      rest.remove_prefix(2);
      if (!take_number(rest, last)) throw wrong;
    }
    if (last < first || last - first >= kMax || seeds.size() + (last - first) >= kMax) throw wrong;
    for (std::uint64_t offset = 0; offset <= last - first; ++offset) seeds.push_back(first + offset);
    if (rest.empty()) break;
    if (rest.front() != ',') throw wrong;
    rest.remove_prefix(1);
  }
  std::vector<std::uint64_t> sorted = seeds;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) throw wrong;
  return seeds;
}

Shape parse_shape(const std::string& text) {
  if (text == "halfcheetah") return {17, 6, 256, 256};
  if (text == "humanoid") return {348, 17, 256, 256};
  const UsageError wrong("\"" + text +
                         "\" is no shape (halfcheetah, humanoid, or O,A,H,B: four numbers from 1 to 65536)");
  std::string_view rest = text;
  std::array<int, 4> sizes{};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (i > 0 && (rest.empty() || rest.front() != ',')) throw wrong;
    if (i > 0) rest.remove_prefix(1);
    if (!take_number(rest, sizes[i]) || sizes[i] < 1 || sizes[i] > 65536) throw wrong;
  }
  if (!rest.empty()) throw wrong;
  return {sizes[0], sizes[1], sizes[2], sizes[3]};
}

}  // namespace softac::app
