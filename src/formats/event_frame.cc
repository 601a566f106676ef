#include "formats/event_frame.h"

#include <bit>
#include <cstdint>
#include <span>

#include "base/crc32c.h"
#include "formats/protobuf.h"

namespace softac {

namespace {

// The checksum of a frame is rotated and shifted, so that a checksum of data with embedded checksums stays sound.
std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(std::as_bytes(std::span(bytes))), 15) + 0xa282ead8u;
}

}  // namespace

void append_event_frame(std::string& out, std::string_view event) {
  const std::size_t start = out.size();
  append_fixed(out, static_cast<std::uint64_t>(event.size()));
  append_fixed(out, masked_crc(std::string_view(out).substr(start)));
  out += event;
  append_fixed(out, masked_crc(event));
}

}  // namespace softac
