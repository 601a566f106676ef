// Base64 (RFC 4648), for data: addresses and hashes in pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace softac::report {

std::string base64(std::span<const std::byte> bytes);

}  // namespace softac::report
