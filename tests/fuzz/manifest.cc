// Whatever a checkpoint's manifest says, the checkpoint is complete or damaged, and nothing outside the run is touched.
#include <cstdint>
#include <cstdlib>

#include "run/checkpoint.h"
#include "softac/error.h"
#include "support/power_loss_file_system.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  softac::test::PowerLossFileSystem fs;
  const softac::Path checkpoints = "/run/checkpoints", one = checkpoints / "step-000000050";
  fs.make_directories(one);
  const auto file = fs.open_write(one / "manifest.json", softac::WriteMode::truncate);
  file->write(std::as_bytes(std::span(data, size)));
  for (const auto& info : softac::find_checkpoints(fs, checkpoints, "*")) {
    if (info.complete != info.error.empty()) std::abort();
    for (const auto& entry : info.files) {
      const std::size_t plain = entry.name.starts_with("replay/") ? 7 : 0;  // no further folder, and no way up
      if (entry.name.find('/', plain) != std::string::npos || entry.name[plain] == '.') std::abort();
    }
  }
  try {
    softac::choose_checkpoint_to_resume(fs, checkpoints);
  } catch (const softac::IoError&) {
  }
  return 0;
}
