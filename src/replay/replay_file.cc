#include "replay/replay_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/crc32c.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::array<char, 8> kMagic = {'s', 'o', 'f', 't', 'R', 'P', 'L', '1'};
constexpr std::size_t kChunkRecords = 4096;

class Writer {
 public:
  explicit Writer(WritableFile& file) : file_(file) {}
  void put(std::span<const std::byte> bytes) {
    crc_ = crc32c(bytes, crc_);
    file_.write(bytes);
  }
  template <class T>
  void put(const T& value) {
    put(std::as_bytes(std::span(&value, 1)));
  }
  void finish() {
    const std::uint32_t crc = crc_;
    file_.write(std::as_bytes(std::span(&crc, 1)));
  }

 private:
  WritableFile& file_;
  std::uint32_t crc_ = 0;
};

class Reader {
 public:
  Reader(ReadableFile& file, const std::string& source) : file_(file), source_(source) {}
  void get(std::span<std::byte> bytes) {
    file_.read_at(offset_, bytes);
    offset_ += bytes.size();
    crc_ = crc32c(bytes, crc_);
  }
  template <class T>
  T get() {
    T value;
    get(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  void finish() {
    const std::uint32_t expected = crc_, found = get<std::uint32_t>();
    if (found != expected) fail("checksum", expected, found);
    if (offset_ != file_.size()) fail("file size", offset_, file_.size());
  }
  template <class A, class B>
  [[noreturn]] void fail(const char* what, A expected, B found) const {
    throw IoError(source_ + ": " + what + ": expected " + std::to_string(expected) + ", found " +
                  std::to_string(found));
  }
  [[noreturn]] void fail(const std::string& text) const { throw IoError(source_ + ": " + text); }

 private:
  ReadableFile& file_;
  const std::string& source_;
  std::uint64_t offset_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace

void write_replay(const ReplayBuffer& buffer, WritableFile& file) {
  Writer out(file);
  const ReplayShape& shape = buffer.shape();
  out.put(kMagic);
  for (const int value : {shape.obs_dim, shape.act_dim, shape.num_envs, buffer.num_words()})
    out.put(static_cast<std::uint32_t>(value));
  std::vector<float> chunk;
  for (int env = 0; env < shape.num_envs; ++env) {
    const ReplayBuffer::Ring& ring = buffer.ring(env);
    out.put(static_cast<std::uint64_t>(ring.size));
    out.put(static_cast<std::uint64_t>(ring.continues));
    for (std::int64_t age = 0; age < ring.size;) {
      chunk.clear();
      for (std::size_t i = 0; i < kChunkRecords && age < ring.size; ++i, ++age) {
        const auto record = buffer.record(env, age);
        chunk.insert(chunk.end(), record.begin(), record.end());
      }
      out.put(std::as_bytes(std::span(chunk)));
    }
    if (ring.continues)
      out.put(std::as_bytes(buffer.record(env, ring.size).first(static_cast<std::size_t>(shape.obs_dim))));
  }
  out.finish();
}

void read_replay(ReplayBuffer& buffer, ReadableFile& file, const std::string& source) {
  const ReplayShape& shape = buffer.shape();
  buffer.clear();
  try {
    Reader in(file, source);
    if (in.get<std::array<char, 8>>() != kMagic) in.fail("not a replay file of this version");
    const auto expect = [&](const char* what, int expected) {
      const auto found = in.get<std::uint32_t>();
      if (found != static_cast<std::uint32_t>(expected)) in.fail(what, expected, found);
    };
    expect("observation size", shape.obs_dim);
    expect("action size", shape.act_dim);
    expect("number of environments", shape.num_envs);
    expect("words of a record", buffer.num_words());
    const auto words = static_cast<std::size_t>(buffer.num_words());
    std::vector<float> chunk;
    for (int env = 0; env < shape.num_envs; ++env) {
      const auto count = in.get<std::uint64_t>(), continues = in.get<std::uint64_t>();
      if (count > static_cast<std::uint64_t>(buffer.capacity())) {
        in.fail("environment " + std::to_string(env) + ": " + std::to_string(count) +
                " records, but buffer_size has room for " + std::to_string(buffer.capacity()));
      }
      if (continues > 1) in.fail("continuation mark", 1, continues);
      for (std::uint64_t done = 0; done < count;) {
        const std::size_t n = std::min<std::uint64_t>(kChunkRecords, count - done);
        chunk.resize(n * words);
        in.get(std::as_writable_bytes(std::span(chunk)));
        for (std::size_t i = 0; i < n; ++i, ++done) {
          if (!buffer.restore_record(env, std::span<const float>(chunk).subspan(i * words, words))) {
            in.fail("environment " + std::to_string(env) + ", record " + std::to_string(done) +
                    ": flags do not fit the episode");
          }
        }
      }
      chunk.resize(continues != 0 ? static_cast<std::size_t>(shape.obs_dim) : 0);
      in.get(std::as_writable_bytes(std::span(chunk)));
      if (!buffer.restore_pending(env, chunk))
        in.fail("environment " + std::to_string(env) + ": the newest record and its successor do not fit");
    }
    in.finish();
  } catch (...) {
    buffer.clear();
    throw;
  }
}

}  // namespace softac
