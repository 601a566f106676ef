#include "formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <limits>

#include "base/temp_dir.h"
#include "formats/byte_order.h"
#include "formats/safetensors_header.h"
#include "support/fault_file_system.h"

namespace softac {
namespace {

using ::testing::HasSubstr;

template <class T>
Tensor tensor(std::vector<std::int64_t> shape, std::vector<T> values) {
  return Tensor::from<T>(std::move(shape), values);
}

TensorFile sample() {
  TensorFile file;
  file.tensors["critic.0.weight"] =
      tensor<float>({2, 3}, {1.5f, -0.0f, 3e-45f, 4, 5, std::numeric_limits<float>::infinity()});
  file.tensors["log_alpha"] = tensor<double>({}, {-0.1});
  file.tensors["counts"] = tensor<std::int64_t>({2}, {std::numeric_limits<std::int64_t>::min(), 7});
  file.tensors["flags"] = tensor<std::uint8_t>({3}, {0, 1, 255});
  file.tensors["empty"] = tensor<float>({0, 4}, {});
  file.tensors["name with \"quotes\" and π"] = tensor<std::uint64_t>({1}, {1});
  file.metadata["format"] = "softac";
  file.metadata["line\nbreak"] = "tab\t";
  return file;
}

// A file with the given header text and data.
std::vector<std::byte> file_of(const std::string& header, std::size_t data_bytes = 0) {
  std::vector<std::byte> bytes;
  append_little_endian(bytes, static_cast<std::uint64_t>(header.size()));
  const auto text = std::as_bytes(std::span(header));
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.resize(bytes.size() + data_bytes);
  return bytes;
}

std::string error_of(const std::string& header, std::size_t data_bytes = 0) {
  const std::string message =
      message_of<IoError>([&] { decode_safetensors(file_of(header, data_bytes), "dir/m.safetensors"); });
  EXPECT_THAT(message, ::testing::StartsWith("dir/m.safetensors: not a safetensors file: "));
  return message;
}

TEST(Safetensors, RoundTrip) {
  const TensorFile file = sample();
  EXPECT_EQ(decode_safetensors(encode_safetensors(file), "memory"), file);
  EXPECT_EQ(decode_safetensors(encode_safetensors({}), "memory"), TensorFile{});
}

TEST(Safetensors, ExactBytes) {
  TensorFile file;
  file.tensors["b"] = tensor<std::uint8_t>({1}, {9});
  file.tensors["a"] = tensor<std::uint8_t>({}, {8});
  file.tensors["c"] = tensor<float>({1, 1}, {1.0f});
  const std::string header =
      R"({"c":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[],"data_offsets":[4,5]},)"
      R"("b":{"dtype":"U8","shape":[1],"data_offsets":[5,6]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  auto expected = file_of(header + padding);
  for (const int byte : {0, 0, 0x80, 0x3f, 8, 9}) expected.push_back(static_cast<std::byte>(byte));
  EXPECT_EQ(encode_safetensors(file), expected);
}

TEST(Safetensors, DataStartAligned) {
  TensorFile file;
  for (int length = 1; length < 20; ++length) {
    file.tensors = {{std::string(static_cast<std::size_t>(length), 'n'), tensor<double>({1}, {1.0})}};
    const auto bytes = encode_safetensors(file);
    EXPECT_EQ(read_little_endian<std::uint64_t>(bytes, 0) % 8, 0u);
    EXPECT_EQ(decode_safetensors(bytes, "memory"), file);
  }
}

TEST(Safetensors, WriterRefusesWhatDoesNotFit) {
  TensorFile file;
  file.tensors["x"] = {TensorType::f32, {2}, std::vector<std::byte>(4)};
  EXPECT_THROW(encode_safetensors(file), ContractError);
  file.tensors["x"] = {TensorType::f32, {-1}, {}};
  EXPECT_THROW(encode_safetensors(file), ContractError);
  file.tensors = {{"__metadata__", tensor<float>({}, {1.0f})}};
  EXPECT_THROW(encode_safetensors(file), ContractError);
}

TEST(Safetensors, EveryTruncationAndExtensionIsRefused) {
  auto bytes = encode_safetensors(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(decode_safetensors(std::span(bytes).first(size), "memory"), IoError) << size;
  }
  bytes.push_back(std::byte{0});
  EXPECT_THROW(decode_safetensors(bytes, "memory"), IoError);
}

// A flipped bit gives an error or another, still consistent file; never anything else.
TEST(Safetensors, EveryFlippedBitIsRefusedOrConsistent) {
  const auto good = encode_safetensors(sample());
  int refused = 0;
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    try {
      const TensorFile file = decode_safetensors(bytes, "memory");
      for (const auto& [name, value] : file.tensors) {
        EXPECT_EQ(static_cast<std::size_t>(num_elements(value.shape)) * tensor_type_size(value.type), value.data.size())
            << bit;
      }
    } catch (const IoError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Safetensors, HugeLengthsAreRefusedBeforeAllocation) {
  for (const std::uint64_t length :
       {std::uint64_t{3}, std::uint64_t{100'000'001}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    std::vector<std::byte> bytes;
    append_little_endian(bytes, length);
    bytes.resize(10, std::byte{'{'});
    EXPECT_THAT(message_of<IoError>([&] { decode_safetensors(bytes, "f"); }), HasSubstr("header length at byte 0"));
  }
  EXPECT_THAT(
      error_of(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,0]}})"),
      HasSubstr("has 0 bytes"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})"),
              HasSubstr("has 0 bytes"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,18446744073709551615]}})", 1),
              HasSubstr("expected a range from 0 within 1"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,1]}})", 1),
              HasSubstr("so large"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,1]}})", 1),
              HasSubstr("a fraction or too large a number"));
}

TEST(Safetensors, RangesMustFillTheData) {
  const auto entry = [](const char* name, int begin, int end) {
    return "\"" + std::string(name) + R"(":{"dtype":"U8","shape":[)" + std::to_string(end - begin) +
           R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  EXPECT_EQ(decode_safetensors(file_of("{" + entry("b", 2, 4) + "," + entry("a", 0, 2) + "}", 4), "f").tensors.size(),
            2u);
  EXPECT_EQ(decode_safetensors(file_of("{" + entry("b", 2, 2) + "," + entry("a", 0, 2) + "}", 2), "f").tensors.size(),
            2u);
  EXPECT_THAT(error_of("{" + entry("a", 0, 2) + "," + entry("b", 1, 4) + "}", 4),
              HasSubstr("tensor \"b\""));  // overlap
  EXPECT_THAT(error_of("{" + entry("a", 0, 2) + "," + entry("b", 0, 2) + "}", 2), HasSubstr("expected a range from 2"));
  EXPECT_THAT(error_of("{" + entry("a", 0, 2) + "," + entry("b", 3, 4) + "}", 4),
              HasSubstr("expected a range from 2"));  // gap
  EXPECT_THAT(error_of("{" + entry("a", 1, 2) + "}", 2), HasSubstr("expected a range from 0"));
  EXPECT_THAT(error_of("{" + entry("a", 0, 2) + "}", 3),
              HasSubstr("the data have 3 bytes, the tensors 2"));  // trailing
  EXPECT_THAT(error_of("{}", 1), HasSubstr("the data have 1 bytes, the tensors 0"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1), HasSubstr("[1, 0)"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}})", 3),
              HasSubstr("shape (1,) has 3 bytes"));
}

TEST(Safetensors, HeaderGrammar) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "does not start with {"},
      {" {}", "does not start with {"},
      {"[]", "does not start with {"},
      {"{", "invalid JSON at byte"},
      {"{}x", "invalid JSON at byte 10"},
      {"{\"a\":1}", "\"a\" holds a number"},
      {"{\"a\":null}", "\"a\" holds null"},
      {"{\"a\":\"b\"}", "\"a\" holds a string"},
      {"{\"a\":[]}", "\"a\" holds an array"},
      {"{\"a\":true}", "\"a\" holds a boolean"},
      {"{\"a\":{}}", "lacks dtype, shape or data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"extra":1}})", "unknown field \"extra\""},
      {R"({"a":{"dtype":"F32","dtype":"F32"}})", "the field \"dtype\" twice"},
      {R"({"a":{"dtype":"F31"}})", "unknown dtype \"F31\""},
      {R"({"a":{"dtype":3}})", "holds a number"},
      {R"({"a":{"shape":{}}})", "holds an object"},
      {R"({"a":{"shape":[-1]}})", "holds a negative number"},
      {R"({"a":{"shape":[1.5]}})", "holds a fraction"},
      {R"({"a":{"shape":[[1]]}})", "holds an array"},
      {R"({"a":{"shape":["1"]}})", "holds a string"},
      {R"({"a":{"data_offsets":[0]}})", "fewer than two data_offsets"},
      {R"({"a":{"data_offsets":[0,1,2]}})", "holds a number"},
      {R"({"__metadata__":{"a":1}})", "holds a number"},
      {R"({"__metadata__":{"a":{}}})", "holds an object"},
      {R"({"__metadata__":"x"})", "holds a string"},
      {R"({"__metadata__":{"a":"1","a":"2"}})", "the metadata have \"a\" twice"},
      {R"({"__metadata__":{},"__metadata__":{}})", "\"__metadata__\" appears twice"},
      {"{\"\xff\":{}}", "invalid JSON at byte"},
  };
  for (const auto& [header, expected] : cases) EXPECT_THAT(error_of(header, 4), HasSubstr(expected)) << header;
  const std::string entry = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_THAT(error_of("{" + entry + "," + entry + "}", 1), HasSubstr("\"a\" appears twice"));
  EXPECT_THAT(error_of("{" + entry + "}" + std::string(3, '\0'), 1), HasSubstr("a NUL byte"));
  EXPECT_EQ(decode_safetensors(file_of("{" + entry + "}   \n", 1), "f").tensors.size(), 1u);
}

TEST(Safetensors, DeepNestingIsRefusedAtOnce) {
  const std::size_t depth = 2'000'000;
  EXPECT_THAT(error_of("{\"a\":" + std::string(depth, '[')), HasSubstr("holds an array"));
  std::string objects;
  for (std::size_t i = 0; i < depth / 8; ++i) objects += "{\"a\":";
  EXPECT_THAT(error_of(objects), HasSubstr("unknown field"));
  std::string shape = "1";
  for (std::size_t i = 0; i < kMaxSafetensorsRank; ++i) shape += ",1";
  EXPECT_THAT(error_of(R"({"a":{"shape":[)" + shape + "]}}"), HasSubstr("too many dimensions"));
}

TEST(Safetensors, FilesAreReplacedAtomicallyAndErrorsNameThem) {
  TempDir dir;
  const TensorFile file = sample();
  write_safetensors(posix_file_system(), dir / "m.safetensors", file);
  EXPECT_EQ(read_safetensors(posix_file_system(), dir / "m.safetensors"), file);
  FaultFileSystem full(posix_file_system());
  full.set_fault({.at = 0, .error = ENOSPC, .from_then_on = true, .only = "write", .short_write = 0.5});
  EXPECT_THROW(write_safetensors(full, dir / "m.safetensors", {}), DiskError);
  EXPECT_EQ(read_safetensors(posix_file_system(), dir / "m.safetensors"), file);
  EXPECT_THAT(message_of<IoError>([&] { read_safetensors(posix_file_system(), dir / "m.safetensors", 10); }),
              HasSubstr("m.safetensors"));
  EXPECT_THROW(read_safetensors(posix_file_system(), dir / "none"), IoError);
}

TEST(Tensor, ChecksTypeAndShape) {
  EXPECT_THROW(tensor<float>({2, 2}, {1, 2, 3}), ContractError);
  const Tensor value = tensor<float>({2}, {1, 2});
  EXPECT_EQ(value.values<float>()[1], 2.0f);
  EXPECT_THROW(value.values<double>(), ContractError);
  const std::int64_t big = std::int64_t{1} << 40;
  EXPECT_EQ(num_elements(std::vector<std::int64_t>{big, big}), -1);
  EXPECT_EQ(num_elements(std::vector<std::int64_t>{3, -1}), -1);
  EXPECT_EQ(num_elements({}), 1);
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{3}), "(3,)");
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{3, 5}), "(3, 5)");
}

}  // namespace
}  // namespace softac
