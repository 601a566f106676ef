#include "formats/safetensors_header.h"

#include <limits>
#include <optional>
#include <set>

#include "base/json.h"

namespace softac {

namespace {

std::optional<TensorType> type_from_name(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(TensorType::f64); ++i) {
    if (tensor_type_name(static_cast<TensorType>(i)) == name) return static_cast<TensorType>(i);
  }
  return {};
}

// Receives the parser's events. Every place of the grammar
//   {"name": {"dtype": text, "shape": [n, …], "data_offsets": [n, n]}, …, "__metadata__": {text: text, …}}
// is a state; an event that the state does not expect ends the parse with a message.
class HeaderReader : public JsonEvents {
 public:
  explicit HeaderReader(SafetensorsHeader& header) : header_(header) {}
  const std::string& error() const { return error_; }
  bool complete() const { return state_ == State::done; }

  bool start_object() override {
    if (state_ == State::start) return go(State::names);
    if (state_ == State::tensor_value) {
      header_.entries.push_back({.name = name_, .type = {}, .shape = {}});
      seen_ = 0;
      return go(State::fields);
    }
    if (state_ == State::metadata_object) return go(State::metadata_keys);
    return fail("an object");
  }

  bool key(std::string& text) override {
    switch (state_) {
      case State::names:
        if (!names_.insert(text).second) return stop("\"" + text + "\" appears twice");
        name_ = text;
        return go(text == kSafetensorsMetadataKey ? State::metadata_object : State::tensor_value);
      case State::fields: {
        const int field = text == "dtype" ? kType : text == "shape" ? kShape : text == "data_offsets" ? kOffsets : 0;
        if (field == 0) return stop("tensor \"" + name_ + "\" has the unknown field \"" + text + "\"");
        if ((seen_ & field) != 0) return stop("tensor \"" + name_ + "\" has the field \"" + text + "\" twice");
        seen_ |= field;
        return go(field == kType ? State::type : field == kShape ? State::shape_start : State::offsets_start);
      }
      case State::metadata_keys:
        name_ = text;
        return go(State::metadata_value);
      default:
        return fail("a key");
    }
  }

  bool string(std::string& text) override {
    if (state_ == State::type) {
      const auto type = type_from_name(text);
      if (!type) return stop("tensor \"" + name_ + "\" has the unknown dtype \"" + text + "\"");
      header_.entries.back().type = *type;
      return go(State::fields);
    }
    if (state_ == State::metadata_value) {
      if (!header_.metadata.emplace(name_, text).second) return stop("the metadata have \"" + name_ + "\" twice");
      return go(State::metadata_keys);
    }
    return fail("a string");
  }

  bool start_array() override {
    if (state_ == State::shape_start) return go(State::shape);
    if (state_ == State::offsets_start) {
      num_offsets_ = 0;
      return go(State::offsets);
    }
    return fail("an array");
  }

  bool number_unsigned(std::uint64_t value) override {
    if (state_ == State::shape) {
      auto& shape = header_.entries.back().shape;
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return fail("so large a number");
      if (shape.size() == kMaxSafetensorsRank) return stop("tensor \"" + name_ + "\" has too many dimensions");
      shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (state_ == State::offsets && num_offsets_ < 2) {
      (num_offsets_++ == 0 ? header_.entries.back().begin : header_.entries.back().end) = value;
      return true;
    }
    return fail("a number");
  }

  bool end_array() override {
    if (state_ == State::offsets && num_offsets_ != 2) return fail("fewer than two data_offsets");
    return go(State::fields);
  }

  bool end_object() override {
    if (state_ == State::fields) {
      if (seen_ != (kType | kShape | kOffsets))
        return stop("tensor \"" + name_ + "\" lacks dtype, shape or data_offsets");
      return go(State::names);
    }
    return go(state_ == State::metadata_keys ? State::names : State::done);
  }

  bool null() override { return fail("null"); }
  bool boolean(bool) override { return fail("a boolean"); }
  bool number_integer(std::int64_t) override { return fail("a negative number"); }
  bool number_float(double) override { return fail("a fraction or too large a number"); }
  void parse_error(std::size_t position, const std::string&) override {
    stop("invalid JSON at byte " + std::to_string(position + 7));  // position counts from 1, after the 8 length bytes
  }

 private:
  enum class State {
    start,
    names,
    tensor_value,
    fields,
    type,
    shape_start,
    shape,
    offsets_start,
    offsets,
    metadata_object,
    metadata_keys,
    metadata_value,
    done
  };
  static constexpr int kType = 1, kShape = 2, kOffsets = 4;

  bool go(State state) {
    state_ = state;
    return true;
  }
  bool stop(const std::string& message) {
    error_ = message;
    return false;
  }
  bool fail(const std::string& found) {
    return stop((name_.empty() ? "the header" : "\"" + name_ + "\"") + " holds " + found +
                " where the format has none");
  }

  SafetensorsHeader& header_;
  State state_ = State::start;
  std::set<std::string> names_;
  std::string name_;
  int seen_ = 0;
  int num_offsets_ = 0;
  std::string error_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& source) {
  SafetensorsHeader header;
  HeaderReader reader(header);
  const auto fail = [&](const std::string& what) { throw IoError(source + ": not a safetensors file: " + what); };
  if (json.empty() || json.front() != '{') fail("the header does not start with {");
  if (json.find('\0') != std::string_view::npos) fail("the header has a NUL byte");
  if (!read_json(json, reader) || !reader.complete()) fail(reader.error());
  return header;
}

}  // namespace softac
