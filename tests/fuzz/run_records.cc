// Whatever the records of a run are, reading them gives IoError or lists that fit together. The first byte chooses the
// reader.
#include <algorithm>
#include <cstdlib>

#include "formats/evaluations.h"
#include "formats/metrics_table.h"
#include "formats/monitor_csv.h"
#include "softac/error.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const softac::MetricsTable& table) {
  require(table.wall_times.size() == table.steps.size());
  for (const auto& column : table.columns) {
    require(column.rows.size() == column.values.size());
    require(std::ranges::is_sorted(column.rows, std::less_equal<>()));
    require(column.rows.empty() || column.rows.back() < table.steps.size());
    require(table.find(column.name) == &column);
  }
  require(std::ranges::all_of(table.steps, [](std::int64_t step) { return step >= 0; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  try {
    switch (data[0]) {
      case 'm':
        check(softac::parse_metrics_jsonl(text, "input"));
        break;
      case 'p':
        check(softac::parse_progress_csv(text, "input"));
        break;
      case 'e':
        require(softac::parse_evaluations_csv(text, "input").size() < lines);
        break;
      case 'r':
        require(softac::parse_monitor_episodes(text, "input").size() <= lines);
        break;
      default:
        break;
    }
  } catch (const softac::IoError&) {
  }
  return 0;
}
