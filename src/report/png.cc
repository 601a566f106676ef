#include "report/png.h"

#include <string>

#include "base/child_process.h"
#include "softac/error.h"

namespace softac::report {
namespace {

constexpr const char* kProgram = "rsvg-convert";

}  // namespace

std::vector<std::byte> png_of_svg(std::string_view svg, double zoom) {
  std::optional<ChildProcess> program;
  try {
    program.emplace(std::vector<std::string>{kProgram, "--format=png", "--zoom=" + std::to_string(zoom)},
                    ChildOptions{.feeds = true, .collects = true});
  } catch (const ProgramMissingError&) {
    throw IoError(std::string(kProgram) +
                  " is missing, which makes PNG files: apt-get install librsvg2-bin (or write SVG)");
  }
  program->send(std::as_bytes(std::span(svg)));
  program->end_input();
  const int code = program->wait();
  const std::string png = program->output(), last = program->last_message();
  if (code != 0 || !png.starts_with("\x89PNG")) {
    throw IoError(std::string(kProgram) + " could not draw the figure (exit code " + std::to_string(code) + ")" +
                  (last.empty() ? "" : ": " + last));
  }
  const std::span<const std::byte> bytes = std::as_bytes(std::span(png));
  return {bytes.begin(), bytes.end()};
}

}  // namespace softac::report
