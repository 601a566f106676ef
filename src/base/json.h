// JSON: a value to build and print, a reader of whole texts, a reader of events. json.cc alone compiles the library
// behind it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace softac {

// A text is not JSON, or a value is not what was asked for.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;  // in the order in which the keys were added

  Json();  // null
  Json(std::nullptr_t) : Json() {}
  template <std::same_as<bool> T>
  Json(T value) : Json(Value(value)) {}
  template <std::floating_point T>
  Json(T value) : Json(Value(static_cast<double>(value))) {}
  template <std::signed_integral T>
  Json(T value) : Json(Value(static_cast<std::int64_t>(value))) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Json(T value) : Json(Value(static_cast<std::uint64_t>(value))) {}
  Json(const char* text);
  Json(std::string text);
  Json(std::string_view text);
  template <class T>
  Json(const std::vector<T>& list) : Json(array()) {
    for (const T& item : list) push_back(item);
  }
  // {{"key", value}, …} is an object; every other list is an array.
  Json(std::initializer_list<Json> items);

  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  ~Json();

  static Json array();   // without items
  static Json object();  // without keys

  bool is_null() const;
  bool is_boolean() const;
  bool is_number() const;
  bool is_number_integer() const;   // written without fraction and exponent
  bool is_number_unsigned() const;  // … and not built from a signed type; read: of at least 0
  bool is_string() const;
  bool is_array() const;
  bool is_object() const;

  // A number, converted to T; a truth value as bool; a text as std::string. Throws JsonError if this is none.
  template <class T>
  T get() const {
    if constexpr (std::same_as<T, bool>)
      return boolean();
    else if constexpr (std::same_as<T, std::string>)
      return text();
    else if constexpr (std::floating_point<T>)
      return static_cast<T>(floating());
    else if constexpr (std::unsigned_integral<T>)
      return static_cast<T>(unsigned_integer());
    else
      return static_cast<T>(integer());
  }

  // Of an array; all throw JsonError if this is none. push_back makes a null an array.
  void push_back(Json item);
  const Array& list() const;
  Array::const_iterator begin() const { return list().begin(); }
  Array::const_iterator end() const { return list().end(); }
  const Json& back() const { return list().back(); }

  // Of an object. operator[] adds a key that is missing, to a null too, which moves the values of the others; at throws
  // JsonError; find returns nullptr.
  Json& operator[](std::string_view key);
  const Json& operator[](std::string_view key) const { return at(key); }
  const Json& at(std::string_view key) const;
  const Json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Object& items() const;

  // As text, in one line or indented. What is not finite becomes null; what is not UTF-8, U+FFFD.
  std::string dump(int indent = -1) const;

 private:
  friend class JsonBuilder;
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>;

  explicit Json(Value value);
  bool boolean() const;
  double floating() const;
  std::int64_t integer() const;
  std::uint64_t unsigned_integer() const;
  const std::string& text() const;

  Value value_;
};

// Reads one value; its objects have their keys sorted. Throws JsonError that says what is wrong: not JSON (trailing
// bytes and NUL included), a key that appears twice in one object, or more than max_depth levels.
Json parse_json(std::string_view text, int max_depth);

// What a text consists of, in its order. An event that returns false ends the reading.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;
  virtual bool null() = 0;
  virtual bool boolean(bool value) = 0;
  virtual bool number_integer(std::int64_t value) = 0;  // less than 0
  virtual bool number_unsigned(std::uint64_t value) = 0;
  virtual bool number_float(double value) = 0;
  virtual bool string(std::string& value) = 0;
  virtual bool start_object() = 0;
  virtual bool key(std::string& value) = 0;
  virtual bool end_object() = 0;
  virtual bool start_array() = 0;
  virtual bool end_array() = 0;
  // position: of the byte, from 1.
  virtual void parse_error(std::size_t position, const std::string& message) = 0;
};

// False if the text is not JSON or an event returned false.
bool read_json(std::string_view text, JsonEvents& events);

// The library behind this and its version, for provenance.
std::string json_library_version();

}  // namespace softac
