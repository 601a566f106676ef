#include "progress_line.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "parse.h"

namespace softac::app {
namespace {

constexpr int kBarWidth = 10;

std::string bar_text(double done, bool utf8) {
  const int filled = static_cast<int>(done * kBarWidth);
  std::string out;
  for (int i = 0; i < kBarWidth; ++i) out += i < filled ? (utf8 ? "█" : "#") : (utf8 ? "░" : "-");
  return out;
}

// A part of the line, and how soon it gets room.
struct Part {
  int rank;
  std::string text;
};

// The parts in their order, without those for which there is no room: lower ranks come first, rank 0 is always there.
std::string fitted(const std::vector<Part>& parts, std::size_t width) {
  std::vector<std::size_t> by_rank(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) by_rank[i] = i;
  std::ranges::stable_sort(by_rank, {}, [&](std::size_t i) { return parts[i].rank; });
  std::vector<bool> kept(parts.size());
  std::size_t used = 0;
  for (const std::size_t i : by_rank) {
    const std::size_t more = text_width(parts[i].text) + (used > 0 ? 1 : 0);
    if (parts[i].rank > 0 && used + more > width) break;
    used += more;
    kept[i] = true;
  }
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (kept[i]) out.append(out.empty() ? "" : " ").append(parts[i].text);
  }
  return out;
}

std::string table_value(double value) {
  constexpr double kMostWhole = 1e15;
  if (std::isfinite(value) && value == std::floor(value) && std::abs(value) < kMostWhole)
    return std::to_string(static_cast<long long>(value));
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace

std::size_t text_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string text_start(const std::string& text, std::size_t count) {
  for (std::size_t i = 0, seen = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && seen++ == count) return text.substr(0, i);
  }
  return text;
}

std::string shown_number(const char* format, double value, bool utf8) {
  if (!std::isfinite(value)) return utf8 ? "–" : "-";
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string progress_line(const TrainSummary& summary, const LineStyle& style) {
  const auto number = [&](const char* format, double value) { return shown_number(format, value, style.utf8); };
  std::vector<Part> parts;
  if (style.bar) {
    const double total = static_cast<double>(std::max<std::int64_t>(summary.total_timesteps, 1));
    parts.push_back({2, bar_text(std::min(static_cast<double>(summary.step) / total, 1.0), style.utf8)});
  }
  const std::string left =
      std::isfinite(summary.left_sec) ? duration_text(summary.left_sec) : number("%.0f", summary.left_sec);
  parts.push_back({0, std::to_string(summary.step) + "/" + std::to_string(summary.total_timesteps) + " " +
                          number("%.0f", summary.recent_steps_per_sec) + " fps ETA " + left});
  parts.push_back({1, "return " + number("%.2f", summary.last_ep_return)});
  if (summary.last_eval != nullptr) {
    parts.push_back({3, "eval " + number("%.2f", summary.last_eval->mean_return) + " best " +
                            number("%.2f", summary.best_eval_return)});
  }
  if (summary.num_updates > 0) {
    parts.push_back({4, (style.utf8 ? "α " : "alpha ") + number("%.3g", summary.update.ent_coef)});
    parts.push_back({5, "entropy " + number("%.3g", summary.update.entropy)});
    parts.push_back({7, "updates " + std::to_string(summary.num_updates)});
    parts.push_back({6, "critic " + number("%.3g", summary.update.critic_loss)});
  }
  return fitted(parts, style.width);
}

std::string metrics_table_text(std::vector<DiagnosticValue> values) {
  std::ranges::sort(values, {}, &DiagnosticValue::name);
  std::vector<std::pair<std::string, std::string>> rows;
  std::string group;
  for (const DiagnosticValue& value : values) {
    const std::size_t slash = value.name.find('/');
    const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
    if (value.name.substr(0, begin) != group) rows.emplace_back(group = value.name.substr(0, begin), "");
    rows.emplace_back((begin > 0 ? "   " : "") + value.name.substr(begin), table_value(value.value));
  }
  std::size_t names = 0, numbers = 0;
  for (const auto& [name, number] : rows) {
    names = std::max(names, name.size());
    numbers = std::max(numbers, number.size());
  }
  const std::string rule(names + numbers + 7, '-');
  std::string out = rule + "\n";
  for (const auto& [name, number] : rows) {
    out += "| " + name + std::string(names - name.size(), ' ') + " | " + number +
           std::string(numbers - number.size(), ' ') + " |\n";
  }
  return out + rule;
}

}  // namespace softac::app
