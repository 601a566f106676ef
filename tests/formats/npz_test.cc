#include "formats/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "formats/byte_order.h"
#include "formats/zip.h"

namespace softac {
namespace {

using ::testing::HasSubstr;

template <class T>
Tensor tensor(std::vector<std::int64_t> shape, std::vector<T> values) {
  return Tensor::from<T>(std::move(shape), values);
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

NpzFile sample() {
  return {{"results", tensor<double>({2, 3}, {1, 2.5, -3, 4, 5, 6})},
          {"timesteps", tensor<std::int64_t>({2}, {1000, 2000})},
          {"scalar", tensor<float>({}, {1.5f})},
          {"none", tensor<std::uint8_t>({0}, {})}};
}

// A version 1.0 array with the given header text.
std::vector<std::byte> npy_of(const std::string& header, std::size_t data_bytes) {
  auto bytes = bytes_of(std::string_view("\x93NUMPY\x01\x00", 8));
  append_little_endian(bytes, static_cast<std::uint16_t>(header.size()));
  const auto text = bytes_of(header);
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.resize(bytes.size() + data_bytes);
  return bytes;
}

std::string npy_error(const std::string& header, std::size_t data_bytes = 8) {
  return message_of<IoError>([&] { decode_npy(npy_of(header, data_bytes), "a.npy"); });
}

TEST(Npy, HeaderIsWhatNumPyWrites) {
  const auto bytes = encode_npy(tensor<double>({1}, {0.0}));
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_EQ(text.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(text.substr(10, 118),
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }" + std::string(60, ' ') + "\n");
  EXPECT_EQ(bytes.size(), 128u + 8u);
}

TEST(Npy, RoundTripAndAlignment) {
  std::vector<std::int64_t> shape;
  for (int rank = 0; rank < 20; ++rank, shape.push_back(1)) {
    const Tensor value = tensor<float>(shape, {2.5f});
    const auto bytes = encode_npy(value);
    EXPECT_EQ((bytes.size() - 4) % 64, 0u);
    EXPECT_EQ(decode_npy(bytes, "memory"), value);
  }
  EXPECT_THROW(encode_npy({TensorType::bf16, {}, std::vector<std::byte>(2)}), ContractError);
}

TEST(Npy, AcceptsTheOtherHeaderVersionsAndKeyOrders) {
  const std::string header = "{\"shape\": (2, 1), 'fortran_order':False,'descr': '<i4'}\n";
  EXPECT_EQ(decode_npy(npy_of(header, 8), "f"), tensor<std::int32_t>({2, 1}, {0, 0}));
  for (const char version : {'\x02', '\x03'}) {
    auto bytes = bytes_of(std::string("\x93NUMPY") + version + std::string(1, '\0'));
    append_little_endian(bytes, static_cast<std::uint32_t>(header.size()));
    const auto text = bytes_of(header);
    bytes.insert(bytes.end(), text.begin(), text.end());
    bytes.resize(bytes.size() + 8);
    EXPECT_EQ(decode_npy(bytes, "f"), tensor<std::int32_t>({2, 1}, {0, 0}));
  }
  // Fortran order of one dimension is C order.
  EXPECT_EQ(decode_npy(npy_of("{'descr': '<f8', 'fortran_order': True, 'shape': (1,)}", 8), "f"),
            tensor<double>({1}, {0.0}));
}

TEST(Npy, RefusesBadHeaders) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "no '{'"},
      {"{}", "no descr"},
      {"{'descr': '<f8', 'fortran_order': False}", "no descr, fortran_order or shape"},
      {"{'descr': '>f8', 'fortran_order': False, 'shape': (1,)}", "the type >f8"},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "the type |O"},
      {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", "no '''"},
      {"{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}", "neither True nor False"},
      {"{'descr': '<f8', 'fortran_order': True, 'shape': (1, 1)}", "Fortran order"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", "not made of lengths"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", "not made of lengths"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1 1)}", "no ')'"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': 1}", "no '('"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)", "no '}'"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x", "text after"},
      {"{'descr': '<f8", "a string without end"},
      {"{'descr': '<f8', 'descr': '<f8'}", "unexpected key descr"},
      {"{'x': 1}", "unexpected key x"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", "8 bytes of data for shape (2,)"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "8 bytes of data"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693953,)}", "8 bytes of data"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "8 bytes of data"},
  };
  for (const auto& [header, expected] : cases) {
    EXPECT_THAT(npy_error(header), HasSubstr(expected)) << header;
  }
  EXPECT_TRUE(decode_npy(npy_of("{'descr': '<f8', 'fortran_order': False, 'shape': ()} ", 8), "f").shape.empty());
  std::string shape;
  for (int i = 0; i < 33; ++i) shape += "1,";
  EXPECT_THAT(npy_error("{'descr': '<f8', 'fortran_order': False, 'shape': (" + shape + ")}"),
              HasSubstr("too many dimensions"));
  auto bytes = encode_npy(tensor<double>({1}, {0.0}));
  bytes[6] = std::byte{9};
  EXPECT_THAT(message_of<IoError>([&] { decode_npy(bytes, "f"); }), HasSubstr("format version 9"));
}

TEST(Npy, EveryTruncationIsRefused) {
  const auto bytes = encode_npy(tensor<double>({2, 1}, {1.0, 2.0}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(decode_npy(std::span(bytes).first(size), "memory"), IoError) << size;
  }
}

TEST(Npz, RoundTripThroughAFile) {
  TempDir dir;
  write_npz(posix_file_system(), dir / "a.npz", sample());
  EXPECT_EQ(read_npz(posix_file_system(), dir / "a.npz"), sample());
  EXPECT_EQ(decode_npz(encode_npz({}), "memory"), NpzFile{});
  EXPECT_EQ(encode_npz(sample()), encode_npz(sample()));
}

TEST(Npz, EveryTruncationIsRefused) {
  const auto bytes = encode_npz(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(decode_npz(std::span(bytes).first(size), "memory"), IoError) << size;
  }
}

// Names and data are covered by checks; a flipped bit elsewhere (dates, attributes) may pass, but then changes nothing.
TEST(Npz, EveryFlippedBitIsRefusedOrHarmless) {
  const auto good = encode_npz(sample());
  const NpzFile expected = sample();
  int refused = 0;
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    try {
      EXPECT_EQ(decode_npz(bytes, "memory"), expected) << bit;
    } catch (const IoError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, static_cast<int>(6 * good.size()));
}

TEST(Npz, RefusesForeignEntries) {
  EXPECT_THAT(message_of<IoError>([&] {
                decode_npz(encode_zip({{"a.txt", {}}}), "f.npz");
              }),
              HasSubstr("the entry a.txt is no .npy"));
  EXPECT_THAT(message_of<IoError>([&] {
                decode_npz(encode_zip({{"a.npy", {}}}), "f.npz");
              }),
              HasSubstr("f.npz:a.npy: not a readable"));
}

TEST(Zip, PublishedChecksum) {
  EXPECT_EQ(crc32(bytes_of("123456789")), 0xCBF43926u);
}

class ZipFields : public ::testing::Test {
 protected:
  std::vector<std::byte> bytes_ = encode_zip({{"a", bytes_of("AAAA")}, {"b", bytes_of("BBBB")}});
  // Two entries: local headers of 30 + 1 bytes with 4 of data, central records of 46 + 1, end record of 22.
  static constexpr std::size_t kLocalB = 35, kCentralA = 70, kCentralB = 117, kEnd = 164;

  void set16(std::size_t offset, std::uint16_t value) { set(offset, value); }
  void set32(std::size_t offset, std::uint32_t value) { set(offset, value); }
  std::string error() {
    return message_of<IoError>([&] { decode_zip(bytes_, "f.zip"); });
  }

 private:
  template <class T>
  void set(std::size_t offset, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes_.at(offset + i) = static_cast<std::byte>(value >> (8 * i));
  }
};

TEST_F(ZipFields, Layout) {
  ASSERT_EQ(bytes_.size(), kEnd + 22);
  EXPECT_EQ(decode_zip(bytes_, "f").size(), 2u);
}

TEST_F(ZipFields, CommentAtTheEndIsAllowed) {
  set16(kEnd + 20, 3);
  EXPECT_THAT(error(), HasSubstr("no end of central directory"));
  bytes_.resize(bytes_.size() + 3);
  EXPECT_EQ(decode_zip(bytes_, "f").size(), 2u);
}

TEST_F(ZipFields, Compressed) {
  set16(kCentralA + 10, 8);
  EXPECT_THAT(error(), HasSubstr("compressed entry a; only uncompressed"));
}

TEST_F(ZipFields, Encrypted) {
  set16(kCentralA + 8, 1);
  EXPECT_THAT(error(), HasSubstr("encrypted entry a"));
}

TEST_F(ZipFields, Zip64) {
  set32(kCentralA + 24, 0xffffffff);
  EXPECT_THAT(error(), HasSubstr("zip64 entry a"));
  set32(kEnd + 16, 0xffffffff);
  EXPECT_THAT(error(), HasSubstr("zip64 archive"));
}

TEST_F(ZipFields, TwoEntriesOnTheSameBytes) {
  bytes_[kCentralB + 46] = std::byte{'a'};
  set32(kCentralB + 42, 0);
  EXPECT_THAT(error(), HasSubstr("wrong checksum"));
  set32(kCentralB + 16, crc32(bytes_of("AAAA")));
  EXPECT_THAT(error(), HasSubstr("an entry name for the second time"));
}

TEST_F(ZipFields, OverlappingEntries) {
  // Entry a grows over the local header of b.
  const auto grown = std::span(bytes_).subspan(31, 10);
  set32(kCentralA + 16, crc32(grown));
  set32(kCentralA + 20, 10);
  set32(kCentralA + 24, 10);
  EXPECT_THAT(error(), HasSubstr("two entries on the same bytes"));
}

TEST_F(ZipFields, HugeSizesAndOffsets) {
  const auto good = bytes_;
  for (const std::uint32_t value : {0x7fffffffu, 0xfffffffeu}) {
    bytes_ = good;
    set32(kCentralA + 42, value);
    EXPECT_THAT(error(), HasSubstr("no local header"));
    bytes_ = good;
    set32(kCentralA + 20, value);
    set32(kCentralA + 24, value);
    EXPECT_THAT(error(), HasSubstr("cut off"));
    bytes_ = good;
    set32(kEnd + 16, value);
    EXPECT_THAT(error(), HasSubstr("does not end here"));
    bytes_ = good;
    set32(kEnd + 12, value);
    EXPECT_THAT(error(), HasSubstr("does not end here"));
  }
  for (const std::size_t field : {std::size_t{28}, std::size_t{30}, std::size_t{32}}) {
    bytes_ = good;
    set16(kCentralB + field, 0xffff);
    EXPECT_THAT(error(), HasSubstr("beyond the directory"));
  }
  bytes_ = good;
  set16(26, 0xffff);  // name length of the first local header
  EXPECT_THAT(error(), HasSubstr("cut off"));
}

TEST_F(ZipFields, CountsMustAgree) {
  set16(kEnd + 8, 1);
  EXPECT_THAT(error(), HasSubstr("several parts"));
  set16(kEnd + 10, 1);
  EXPECT_THAT(error(), HasSubstr("bytes after the last"));
  set16(kEnd + 8, 3);
  set16(kEnd + 10, 3);
  EXPECT_THAT(error(), HasSubstr("no central directory entry"));
}

TEST_F(ZipFields, NamesMustAgree) {
  bytes_[kLocalB + 30] = std::byte{'c'};
  EXPECT_THAT(error(), HasSubstr("another name"));
}

}  // namespace
}  // namespace softac
