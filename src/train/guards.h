// What guards a run: numbers that are not finite, the bounds of α, environments that fail; the crash bundle, and the
// way back to the last good checkpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "train/run_writer.h"
#include "train/training.h"

namespace softac {

class Guards {
 public:
  // say: to the log and the observers.
  Guards(FileSystem& fs, Training& training, std::function<void(const std::string&)> say)
      : fs_(fs), training_(training), say_(std::move(say)) {}
  // Crash bundles and rollbacks need records.
  void set_writer(RunWriter* writer) { writer_ = writer; }

  // Throws NumericsError that names what is not finite.
  void check(const UpdateMetrics& metrics) const;
  // That a learned α was held at a bound; said once for each.
  void warn_of_bounds(const UpdateMetrics& metrics);
  // Said for the 1st, 2nd, 4th, 8th … failure of an environment that was reset after it.
  void warn_of_failures();
  // After NumericsError: back to the newest intact checkpoint, with other random numbers; false where that is not
  // wanted, was done max_rollbacks times already, or there is no checkpoint. Leaves a crash bundle in any case, if
  // there are records.
  bool roll_back(const std::string& why, const Outcome& outcome, const RunWriter::CheckpointHeard& on_checkpoint);

 private:
  std::string write_crash_bundle(const std::string& text);

  FileSystem& fs_;
  Training& training_;
  RunWriter* writer_ = nullptr;
  std::function<void(const std::string&)> say_;
  std::int64_t said_failures_ = 0;
  bool said_low_alpha_ = false, said_high_alpha_ = false;
};

}  // namespace softac
