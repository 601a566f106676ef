#include "base/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace softac {

namespace {

using Library = nlohmann::ordered_json;

// Passes the library's events on.
class Adapter final : public nlohmann::json_sax<Library> {
 public:
  explicit Adapter(JsonEvents& events) : events_(events) {}

  bool null() override { return events_.null(); }
  bool boolean(bool value) override { return events_.boolean(value); }
  bool number_integer(std::int64_t value) override { return events_.number_integer(value); }
  bool number_unsigned(std::uint64_t value) override { return events_.number_unsigned(value); }
  bool number_float(double value, const std::string&) override { return events_.number_float(value); }
  bool string(std::string& value) override { return events_.string(value); }
  bool binary(Library::binary_t&) override { return false; }  // not in texts
  bool start_object(std::size_t) override { return events_.start_object(); }
  bool key(std::string& value) override { return events_.key(value); }
  bool end_object() override { return events_.end_object(); }
  bool start_array(std::size_t) override { return events_.start_array(); }
  bool end_array() override { return events_.end_array(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    events_.parse_error(position, error.what());
    return false;
  }

 private:
  JsonEvents& events_;
};

const char* kind_name(const Json& json) {
  return json.is_null()      ? "null"
         : json.is_boolean() ? "a truth value"
         : json.is_number()  ? "a number"
         : json.is_string()  ? "a text"
         : json.is_array()   ? "a list"
                             : "an object";
}

[[noreturn]] void fail_kind(const Json& json, const char* expected) {
  throw JsonError(std::string("expected ") + expected + ", found " + kind_name(json));
}

Library to_library(const Json& json) {
  if (json.is_null()) return nullptr;
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_unsigned()) return json.get<std::uint64_t>();
  if (json.is_array()) {
    Library out = Library::array();
    for (const Json& item : json) out.push_back(to_library(item));
    return out;
  }
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  Library out = Library::object();
  for (const auto& [key, value] : json.items()) out[key] = to_library(value);
  return out;
}

}  // namespace

Json::Json() = default;
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;
Json::Json(Value value) : value_(std::move(value)) {}
Json::Json(const char* text) : value_(std::string(text)) {}
Json::Json(std::string_view text) : value_(std::string(text)) {}
Json::Json(std::string text) : value_(std::move(text)) {}

Json::Json(std::initializer_list<Json> items) {
  const auto is_member = [](const Json& item) {
    return item.is_array() && item.list().size() == 2 && item.list()[0].is_string();
  };
  if (!std::all_of(items.begin(), items.end(), is_member)) {
    value_ = Array(items);
    return;
  }
  Object& members = value_.emplace<Object>();
  for (const Json& item : items) members.emplace_back(item.list()[0].text(), item.list()[1]);
}

Json Json::array() {
  return Json(Value(Array()));
}
Json Json::object() {
  return Json(Value(Object()));
}

bool Json::is_null() const {
  return std::holds_alternative<std::nullptr_t>(value_);
}
bool Json::is_boolean() const {
  return std::holds_alternative<bool>(value_);
}
bool Json::is_number() const {
  return std::holds_alternative<double>(value_) || is_number_integer();
}
bool Json::is_number_unsigned() const {
  return std::holds_alternative<std::uint64_t>(value_);
}
bool Json::is_number_integer() const {
  return std::holds_alternative<std::int64_t>(value_) || is_number_unsigned();
}
bool Json::is_string() const {
  return std::holds_alternative<std::string>(value_);
}
bool Json::is_array() const {
  return std::holds_alternative<Array>(value_);
}
bool Json::is_object() const {
  return std::holds_alternative<Object>(value_);
}

bool Json::boolean() const {
  if (!is_boolean()) fail_kind(*this, "a truth value");
  return std::get<bool>(value_);
}
const std::string& Json::text() const {
  if (!is_string()) fail_kind(*this, "a text");
  return std::get<std::string>(value_);
}
double Json::floating() const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*value);
  if (!is_number()) fail_kind(*this, "a number");
  return std::get<double>(value_);
}
std::int64_t Json::integer() const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return static_cast<std::int64_t>(*value);
  return static_cast<std::int64_t>(floating());
}
std::uint64_t Json::unsigned_integer() const {
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<std::uint64_t>(*value);
  return static_cast<std::uint64_t>(floating());
}

void Json::push_back(Json item) {
  if (is_null()) value_.emplace<Array>();
  const_cast<Array&>(list()).push_back(std::move(item));
}
const Json::Array& Json::list() const {
  if (!is_array()) fail_kind(*this, "a list");
  return std::get<Array>(value_);
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_.emplace<Object>();
  if (const Json* found = find(key)) return const_cast<Json&>(*found);
  return std::get<Object>(value_).emplace_back(std::string(key), Json()).second;
}
const Json& Json::at(std::string_view key) const {
  if (const Json* found = find(key)) return *found;
  throw JsonError("the key \"" + std::string(key) + "\" is missing");
}
const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : items()) {
    if (name == key) return &value;
  }
  return nullptr;
}
const Json::Object& Json::items() const {
  if (!is_object()) fail_kind(*this, "an object");
  return std::get<Object>(value_);
}

std::string Json::dump(int indent) const {
  return to_library(*this).dump(indent, ' ', false, Library::error_handler_t::replace);
}

bool read_json(std::string_view text, JsonEvents& events) {
  // The library takes a NUL for the end of the text.
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos) {
    events.parse_error(at + 1, "a NUL byte");
    return false;
  }
  Adapter adapter(events);
  return Library::sax_parse(text.begin(), text.end(), &adapter);
}

class JsonBuilder final : public JsonEvents {
 public:
  explicit JsonBuilder(int max_depth) : max_depth_(max_depth) {}
  Json take() { return std::move(root_); }

  bool null() override { return add(Json()); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool start_object() override { return open(Json::object()); }
  bool start_array() override { return open(Json::array()); }
  bool key(std::string& value) override {
    std::get<Json::Object>(open_.back()->value_).emplace_back(std::move(value), Json());
    return true;
  }
  bool end_object() override {
    auto& members = std::get<Json::Object>(open_.back()->value_);
    std::ranges::sort(members, {}, &Json::Object::value_type::first);
    const auto twice = std::ranges::adjacent_find(members, {}, &Json::Object::value_type::first);
    if (twice != members.end()) throw JsonError("the key \"" + twice->first + "\" appears twice");
    open_.pop_back();
    return true;
  }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  void parse_error(std::size_t, const std::string& message) override { throw JsonError("not JSON: " + message); }

 private:
  // Where the next value goes. An open list or object is the last thing in the one around it, and stays where it is.
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    if (auto* members = std::get_if<Json::Object>(&open_.back()->value_))
      return members->back().second = std::move(value);
    return std::get<Json::Array>(open_.back()->value_).emplace_back(std::move(value));
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (std::ssize(open_) >= max_depth_)
      throw JsonError("nested more than " + std::to_string(max_depth_) + " levels deep");
    open_.push_back(&place(std::move(value)));
    return true;
  }

  int max_depth_;
  Json root_;
  std::vector<Json*> open_;
};

Json parse_json(std::string_view text, int max_depth) {
  JsonBuilder builder(max_depth);
  read_json(text, builder);
  return builder.take();
}

std::string json_library_version() {
  return std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." + std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
         std::to_string(NLOHMANN_JSON_VERSION_PATCH);
}

}  // namespace softac
