// Where rows of metrics go. Each sink writes one file of the run directory.
//
// A row is buffered by write() and handed to the system by flush(), or when 64 KiB have gathered. After a failure a
// sink is dead: the failing call throws (DiskError, IoError), every later one does nothing. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace softac {

struct Metric {
  std::string_view name;
  double value = 0.0;
};

class MetricsSink {
 public:
  virtual ~MetricsSink() = default;

  // One row. step: environment steps so far. wall_time_sec: seconds since the epoch. Names are distinct.
  virtual void write(std::int64_t step, double wall_time_sec, std::span<const Metric> metrics) = 0;
  virtual void flush() = 0;
  virtual void sync() = 0;   // flush, and durable on the device when it returns
  virtual void close() = 0;  // flush and close; later calls do nothing

  // How much has been written, to be kept in a checkpoint and given back as resume_at: rows written after it are then
  // dropped, so that a resumed run repeats none. The unit is the sink's own.
  virtual std::uint64_t position() const = 0;
  virtual const Path& path() const = 0;
  virtual bool failed() const = 0;
};

// progress.csv in Stable-Baselines3's layout: one column per metric, in the order of first appearance (a row's new
// names sorted); a value that a row lacks is empty. A new column rewrites the file, atomically. Unit of position: rows.
std::unique_ptr<MetricsSink> make_csv_sink(FileSystem& fs, const Path& path,
                                           std::optional<std::uint64_t> resume_at = {});

// metrics.jsonl: one object per row, {"step": …, "wall_time": …, "<name>": …}; null for what is not finite. Bytes.
std::unique_ptr<MetricsSink> make_jsonl_sink(FileSystem& fs, const Path& path,
                                             std::optional<std::uint64_t> resume_at = {});

// A TensorBoard event file with one scalar per metric (float32, as TensorBoard stores them). Bytes. Values that are not
// finite are written as they are.
std::unique_ptr<MetricsSink> make_tensorboard_sink(FileSystem& fs, const Path& path, double start_wall_time_sec,
                                                   std::optional<std::uint64_t> resume_at = {});
// "events.out.tfevents.<seconds>.<host>.<process>": a name that TensorBoard recognises.
std::string tensorboard_file_name(double wall_time_sec);

}  // namespace softac
