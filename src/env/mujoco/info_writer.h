// A task's info values, named once for both the list of fields and their numbers.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "softac/env.h"

namespace softac {

// What the values are of.
enum class InfoStage { none, start, step };

class InfoWriter {
 public:
  explicit InfoWriter(std::vector<InfoField>& fields) : fields_(&fields) {}                // lists
  InfoWriter(std::span<double> out, InfoStage stage) : out_(out.data()), stage_(stage) {}  // writes

  // A value that the start of an episode has too.
  void at_start(const char* name, double value) { put(name, 0, {&value, 1}, true); }
  void at_start(const char* name, std::span<const double> values) {
    if (!values.empty()) put(name, static_cast<int>(values.size()), values, true);
  }
  // A value that belongs to a step.
  void of_step(const char* name, double value) { put(name, 0, {&value, 1}, false); }

 private:
  void put(const char* name, int size, std::span<const double> values, bool at_start) {
    if (fields_ != nullptr) {
      fields_->push_back({name, size, at_start});
    } else if (stage_ == InfoStage::step || (at_start && stage_ == InfoStage::start)) {
      out_ = std::copy(values.begin(), values.end(), out_);
    } else {
      out_ = std::fill_n(out_, values.size(), std::numeric_limits<double>::quiet_NaN());
    }
  }

  std::vector<InfoField>* fields_ = nullptr;
  double* out_ = nullptr;
  InfoStage stage_ = InfoStage::none;
};

}  // namespace softac
