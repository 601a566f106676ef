// Pictures as PNG files (ISO/IEC 15948): 8 bits each of red, green and blue.
#pragma once

#include <cstddef>
#include <vector>

#include "render/image.h"

namespace softac {

// The same picture gives the same bytes.
std::vector<std::byte> encode_png(const Image& image);

}  // namespace softac
