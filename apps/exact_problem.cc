#include "exact_problem.h"

#include <charconv>
#include <vector>

#include "base/file_system.h"
#include "base/nearest_match.h"
#include "softac/error.h"
#include "softac/problems.h"

namespace softac::app {
namespace {

const std::vector<std::string> kProblems = {"cliffwalking", "frozenlake", "gridworld",
                                            "mountaincar",  "pendulum",   "random"};

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    words.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return words;
}

class Parameters {
 public:
  Parameters(const std::string& whole, const std::string& text) : whole_(whole) {
    if (!text.empty()) words_ = words_of(text);
  }
  // The next word if it is `word`.
  bool take(const std::string& word) {
    if (at_ >= words_.size() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  std::int64_t number(const char* name, std::int64_t least, std::int64_t most, std::int64_t fallback) {
    if (at_ >= words_.size()) {
      if (fallback < least) fail(std::string(name) + " is missing");
      return fallback;
    }
    const std::string& word = words_[at_++];
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size() || value < least || value > most) {
      fail(std::string(name) + ": expected a whole number from " + std::to_string(least) + " to " +
           std::to_string(most) + ", found '" + word + "'");
    }
    return value;
  }
  void finish() const {
    if (at_ < words_.size()) fail("unexpected '" + words_[at_] + "'");
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw ConfigError(
        "problem '" + whole_ + "': " + message +
        "; expected cliffwalking[:slippery], frozenlake[:4x4|8x8][,deterministic], gridworld[:ROWS,COLS], "
        "random:S,A[,SEED], pendulum[:ANGLES,SPEEDS,ACTIONS] or mountaincar[:POSITIONS,SPEEDS,ACTIONS]");
  }
  std::string whole_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

ExactProblem read_csv(const std::string& path, std::uint64_t max_bytes) {
  FileSystem& fs = posix_file_system();
  if (fs.is_directory(path)) throw IoError(path + ": a folder; expected a CSV file with the header " + kMdpCsvHeader);
  if (fs.exists(path) && fs.size(path) > max_bytes / 2) {
    throw MemoryError(path + ": " + std::to_string(fs.size(path) / 1048576) +
                      " MiB, more than half of the memory that is there");
  }
  return parse_mdp_csv(fs.read_text(path, max_bytes / 2), path, max_bytes);
}

}  // namespace

ExactProblem make_exact_problem(const std::string& text, std::uint64_t max_bytes) {
  constexpr std::int64_t kMost = 2'000'000'000;
  constexpr int kMostPoints = 40'000, kMostNodes = 10'000;
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string name = text.substr(0, colon);
  Parameters parameters(text, colon < text.size() ? text.substr(colon + 1) : "");
  const auto grid = [&](auto&& make, const char* x, const char* y) {
    const auto nx = static_cast<int>(parameters.number(x, 2, kMostPoints, 101));
    const auto ny = static_cast<int>(parameters.number(y, 2, kMostPoints, 101));
    const auto na = static_cast<int>(parameters.number("actions", 1, kMostNodes, 21));
    parameters.finish();
    return make(nx, ny, na, max_bytes);
  };
  if (name == "frozenlake") {
    const int size = parameters.take("8x8") ? 8 : (parameters.take("4x4"), 4);
    const bool slippery = !parameters.take("deterministic");
    parameters.finish();
    return frozen_lake(size, slippery);
  }
  if (name == "cliffwalking") {
    const bool slippery = parameters.take("slippery");
    parameters.finish();
    return cliff_walking(slippery);
  }
  if (name == "gridworld") {
    const auto rows = static_cast<int>(parameters.number("rows", 1, 2000, 5));
    const auto cols = static_cast<int>(parameters.number("columns", 1, 2000, rows));
    parameters.finish();
    if (rows * cols < 2) throw ConfigError("problem '" + text + "': a grid world needs at least 2 cells");
    return grid_world(rows, cols);
  }
  if (name == "random") {
    const std::int64_t num_states = parameters.number("states", 1, kMost, 0);
    const std::int64_t num_actions = parameters.number("actions", 1, kMost, 0);
    const std::int64_t seed = parameters.number("seed", 0, std::numeric_limits<std::int64_t>::max(), 0);
    parameters.finish();
    return random_problem(num_states, num_actions, static_cast<std::uint64_t>(seed), max_bytes);
  }
  if (name == "pendulum") return grid(pendulum_grid, "angles", "speeds");
  if (name == "mountaincar") return grid(mountain_car_grid, "positions", "speeds");
  const bool looks_like_file =
      text.ends_with(".csv") || text.find('/') != std::string::npos || posix_file_system().exists(text);
  if (looks_like_file) return read_csv(text, max_bytes);
  throw ConfigError(
      "unknown problem '" + text + "'" + did_you_mean(name, kProblems) +
      "; a ready problem (cliffwalking, frozenlake, gridworld, random:S,A,SEED, pendulum, mountaincar) or a CSV file");
}

}  // namespace softac::app
