// What reads files that may be damaged by a library that damage can crash, hang or fill the memory of: in a copy of
// this process, whose end harms nothing here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace softac {

// Numbers from the copy to this process, in order.
class ChildSink {
 public:
  virtual ~ChildSink() = default;
  virtual void put(std::span<const std::byte> bytes) = 0;

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void put_value(const T& value) { put(std::as_bytes(std::span(&value, 1))); }
};

class ChildSource {
 public:
  virtual ~ChildSource() = default;
  // Fills bytes; IoError where the copy says so, and where it has ended before.
  virtual void get(std::span<std::byte> bytes) = 0;

  template <class T>
  requires std::is_trivially_copyable_v<T> T get_value() {
    T value;
    get(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
};

struct ChildLimits {
  std::uint64_t cpu_sec = 60;
  std::uint64_t memory_bytes = 0;  // beside what this process has; 0 = no limit
};

// Runs `produce` in a copy of this process (fork) and `consume` here. Throws IoError: what produce throws, or that the
// copy crashed, or took more than its limits, with `source` before it. Where consume throws, the copy is ended.
// produce must start no thread and touch nothing that another thread of this process may hold.
void read_in_child(const std::string& source, const ChildLimits& limits, const std::function<void(ChildSink&)>& produce,
                   const std::function<void(ChildSource&)>& consume);

}  // namespace softac
