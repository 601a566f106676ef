// Whatever the text is, reading it gives IoError, MemoryError, or an MDP whose text reads back as itself.
#include <cstdlib>
#include <string>

#include "softac/error.h"
#include "softac/exact.h"

namespace {

std::string text_of(const softac::FiniteMdp& mdp) {
  std::string text = std::string(softac::kMdpCsvHeader) + "\n";
  for (std::int64_t s = 0; s < mdp.num_states; ++s) append_mdp_csv(mdp, s, text);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kMaxBytes = 1 << 22;
  std::string text;
  try {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    text = text_of(softac::parse_mdp_csv(input, "input", kMaxBytes).mdp);
  } catch (const softac::IoError&) {
    return 0;
  } catch (const softac::MemoryError&) {
    return 0;
  }
  // Transitions into terminal states are written as terminating, so that the first reading may still merge some.
  try {
    const std::string again = text_of(softac::parse_mdp_csv(text, "again", 2 * kMaxBytes).mdp);
    if (text_of(softac::parse_mdp_csv(again, "third", 2 * kMaxBytes).mdp) != again) std::abort();
  } catch (const softac::IoError& error) {
    // Merged probabilities may round to just beyond the allowed sum; nothing else may be wrong with what was written.
    if (std::string(error.what()).find("sum to") == std::string::npos) std::abort();
  }
  return 0;
}
