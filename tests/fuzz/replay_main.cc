// Runs a fuzz target over files, for builds without libFuzzer: every file of the given paths (folders are searched),
// and of each file the halves and a fixed set of damaged copies. Exit status 1 if there was no file.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace stdfs = std::filesystem;

constexpr int kDamagedCopies = 200;

void run(const std::vector<std::uint8_t>& bytes) {
  // A copy of exactly this size, so that a sanitizer sees a read beyond the end.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void replay(const stdfs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) throw std::runtime_error("cannot read " + path.string());
  run(bytes);
  if (bytes.empty()) return;
  const auto middle = bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2);
  run({bytes.begin(), middle});
  run({middle, bytes.end()});
  std::uint64_t state = bytes.size();
  const auto next = [&state] {  // Knuth's MMIX generator; only the variety matters
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  for (int copy = 0; copy < kDamagedCopies; ++copy) {
    auto damaged = bytes;
    for (std::uint64_t change = 0; change <= next() % 4; ++change) {
      damaged[next() % damaged.size()] = static_cast<std::uint8_t>(next() % 3 == 0 ? 0xff : next());
    }
    run(damaged);
  }
}

int replay_all(int argc, char** argv) {
  int num_files = 0;
  for (int i = 1; i < argc; ++i) {
    if (!stdfs::is_directory(argv[i])) {
      replay(argv[i]);
      ++num_files;
      continue;
    }
    for (const auto& entry : stdfs::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      replay(entry.path());
      ++num_files;
    }
  }
  std::printf("%d files replayed\n", num_files);
  return num_files > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return replay_all(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
