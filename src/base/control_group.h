// The control groups (v2 and v1) that a process is in, by the kernel's files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace softac {

// A file of the kernel's, whose size is not known before it is read.
std::optional<std::string> read_kernel_file(const std::filesystem::path& path);

// The number that a text begins with after spaces; nothing where it is none ("max").
std::optional<std::uint64_t> leading_number(std::string_view text);

// Visits the folders of this process's groups and all their parents. v1: where `controller` ("memory") has a hierarchy
// of its own. `root` stands before /proc and /sys.
void for_each_control_group(const std::filesystem::path& root, const std::string& controller,
                            const std::function<void(const std::filesystem::path& dir, bool v2)>& visit);

}  // namespace softac
