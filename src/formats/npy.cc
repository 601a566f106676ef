// One .npy array: "\x93NUMPY", version, header length, a Python dict literal padded to a multiple of 64 bytes, the
// data.
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "formats/byte_order.h"
#include "formats/npz.h"

namespace softac {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64, kMaxHeader = 65536, kMaxRank = 32;

constexpr std::pair<TensorType, std::string_view> kDescriptions[] = {
    {TensorType::boolean, "|b1"}, {TensorType::u8, "|u1"},  {TensorType::i8, "|i1"},  {TensorType::i16, "<i2"},
    {TensorType::u16, "<u2"},     {TensorType::i32, "<i4"}, {TensorType::u32, "<u4"}, {TensorType::i64, "<i8"},
    {TensorType::u64, "<u8"},     {TensorType::f16, "<f2"}, {TensorType::f32, "<f4"}, {TensorType::f64, "<f8"}};

std::string_view description(TensorType type) {
  for (const auto& [known, text] : kDescriptions) {
    if (known == type) return text;
  }
  throw ContractError("NumPy has no type for " + std::string(tensor_type_name(type)));
}

// Reads {'descr': text, 'fortran_order': bool, 'shape': (n, …)} with its keys in any order.
class DictReader {
 public:
  DictReader(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  Tensor read() {
    std::optional<TensorType> type;
    std::optional<bool> fortran;
    std::optional<std::vector<std::int64_t>> shape;
    expect('{');
    while (!take('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !type)
        type = read_type();
      else if (key == "fortran_order" && !fortran)
        fortran = boolean();
      else if (key == "shape" && !shape)
        shape = tuple();
      else
        fail("the unexpected key " + std::string(key));
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (position_ != text_.size()) fail("text after the dictionary");
    if (!type || !fortran || !shape) fail("no descr, fortran_order or shape");
    if (*fortran && shape->size() > 1) fail("an array in Fortran order, expected C order");
    return {*type, std::move(*shape), {}};
  }

 private:
  [[noreturn]] void fail(const std::string& found) const {
    throw IoError(source_ + ": not a readable .npy array: the header has " + found);
  }
  void skip_spaces() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) ++position_;
  }
  bool take(char character) {
    skip_spaces();
    if (position_ == text_.size() || text_[position_] != character) return false;
    ++position_;
    return true;
  }
  void expect(char character) {
    if (!take(character)) fail(std::string("no '") + character + "' at character " + std::to_string(position_));
  }
  std::string_view string() {
    const char quote = take('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const std::size_t end = text_.find(quote, position_);
    if (end == std::string_view::npos) fail("a string without end");
    const auto value = text_.substr(position_, end - position_);
    position_ = end + 1;
    return value;
  }
  TensorType read_type() {
    skip_spaces();
    const std::string_view text = string();
    for (const auto& [type, known] : kDescriptions) {
      if (known == text) return type;
    }
    fail("the type " + std::string(text) + ", which is not supported");
  }
  bool boolean() {
    skip_spaces();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {"False", false}}) {
      if (text_.substr(position_).starts_with(word)) {
        position_ += word.size();
        return value;
      }
    }
    fail("a fortran_order that is neither True nor False");
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> values;
    expect('(');
    while (!take(')')) {
      skip_spaces();
      std::int64_t value = 0;
      const char* const first = text_.data() + position_;
      const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
      if (error != std::errc{} || value < 0) fail("a shape that is not made of lengths");
      position_ += end - first;
      if (values.size() == kMaxRank) fail("too many dimensions");
      values.push_back(value);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t position_ = 0;
};

}  // namespace

std::vector<std::byte> encode_npy(const Tensor& tensor) {
  std::string header = "{'descr': '" + std::string(description(tensor.type)) +
                       "', 'fortran_order': False, 'shape': " + shape_text(tensor.shape) + ", }";
  constexpr std::size_t kPreamble = kMagic.size() + 4;
  header.append(kAlignment - 1 - (kPreamble + header.size()) % kAlignment, ' ');
  header += '\n';
  SOFTAC_REQUIRE(header.size() <= 0xffff, header.size());

  std::string start(kMagic);
  start.append("\x01\x00", 2);  // version 1.0
  start += static_cast<char>(header.size() & 0xff);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  const auto text = std::as_bytes(std::span(start));
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() + tensor.data.size());
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.insert(bytes.end(), tensor.data.begin(), tensor.data.end());
  return bytes;
}

Tensor decode_npy(std::span<const std::byte> bytes, const std::string& source) {
  const auto fail = [&](const std::string& what) { throw IoError(source + ": not a readable .npy array: " + what); };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic) || text.size() < kMagic.size() + 2)
    fail("it does not start with \\x93NUMPY and a version");
  const auto major = std::to_integer<int>(bytes[kMagic.size()]);
  if (major < 1 || major > 3) fail("format version " + std::to_string(major) + ", expected 1 to 3");
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t start = kMagic.size() + 2 + length_bytes;
  if (bytes.size() < start) fail("it ends within the header");
  const std::size_t header_bytes = major == 1 ? read_little_endian<std::uint16_t>(bytes, start - 2)
                                              : read_little_endian<std::uint32_t>(bytes, start - 4);
  if (header_bytes > kMaxHeader || header_bytes > bytes.size() - start) {
    fail("the header length is " + std::to_string(header_bytes) + " in a file of " + std::to_string(bytes.size()) +
         " bytes");
  }
  Tensor tensor = DictReader(text.substr(start, header_bytes), source).read();
  const auto data = bytes.subspan(start + header_bytes);
  const auto count = num_elements(tensor.shape);
  const std::size_t element = tensor_type_size(tensor.type);
  if (count < 0 || data.size() % element != 0 || data.size() / element != static_cast<std::uint64_t>(count)) {
    fail("it has " + std::to_string(data.size()) + " bytes of data for shape " + shape_text(tensor.shape) + " of " +
         std::to_string(element) + "-byte elements");
  }
  tensor.data.assign(data.begin(), data.end());
  return tensor;
}

}  // namespace softac
