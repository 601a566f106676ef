#include "train/hang_report.h"

#include "softac/error.h"

namespace softac {

void HangReport::report(const std::string& text) {
  std::shared_ptr<RunDir> run_dir;
  {
    const std::lock_guard lock(mutex_);
    run_dir = run_dir_;
  }
  try {
    if (run_dir != nullptr)
      run_dir->write_status("failed", "env_error", text, step_.load(std::memory_order_relaxed), total_timesteps_,
                            wall_time());
  } catch (const Error&) {
    // The application hears of the hang in any case.
  }
  if (on_hang_) on_hang_(text);
}

}  // namespace softac
