// The frame of an event in TensorBoard's files: TFRecord (tensorflow/core/lib/io/record_writer.h).
#pragma once

#include <string>
#include <string_view>

namespace softac {

// Appends the length (8 bytes), its checksum (4), the event and its checksum (4).
void append_event_frame(std::string& out, std::string_view event);

}  // namespace softac
