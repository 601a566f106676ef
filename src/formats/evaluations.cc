#include "formats/evaluations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/atomic_file.h"
#include "formats/csv_lines.h"
#include "formats/npz.h"
#include "formats/number_text.h"
#include "softac/error.h"

namespace softac {

namespace {

template <class T>
std::vector<T> take(const NpzFile& file, const std::string& key, std::size_t rank, const Path& path) {
  const auto found = file.find(key);
  if (found == file.end()) throw IoError(path.string() + ": no array " + key);
  const Tensor& tensor = found->second;
  if (tensor.type != tensor_type_of<T>() || tensor.shape.size() != rank) {
    throw IoError(path.string() + ": the array " + key + " has type " + std::string(tensor_type_name(tensor.type)) +
                  " and shape " + shape_text(tensor.shape) + ", expected " +
                  std::string(tensor_type_name(tensor_type_of<T>())) + " with " + std::to_string(rank) + " dimensions");
  }
  const auto values = tensor.values<T>();
  return {values.begin(), values.end()};
}

constexpr std::string_view kCsvHeader =
    "timesteps,mean_reward,std_reward,min_reward,max_reward,mean_ep_length,episodes";
constexpr double kNoReturn = std::numeric_limits<double>::quiet_NaN();

// Rows of `before` values as rows of `width`.
template <class T>
std::vector<T> widened(std::vector<T> values, std::int64_t before, std::int64_t width, T filler) {
  if (before == width) return values;
  std::vector<T> out;
  for (auto row = values.begin(); row != values.end(); row += before) {
    out.insert(out.end(), row, row + before);
    out.insert(out.end(), static_cast<std::size_t>(width - before), filler);
  }
  return out;
}

}  // namespace

EvaluationLog::EvaluationLog(FileSystem& fs, Path dir, std::optional<std::uint64_t> resume_at)
    : fs_(fs), dir_(std::move(dir)) {
  if (!resume_at || *resume_at == 0) return;
  const Path path = dir_ / "evaluations.npz";
  evaluations_ = read_evaluations_npz(fs_, path);
  const std::uint64_t found = evaluations_.timesteps.size();
  if (found < *resume_at) {
    throw IoError(path.string() + ": it holds " + std::to_string(found) + " evaluations, expected at least " +
                  std::to_string(*resume_at));
  }
  const auto num_values = static_cast<std::size_t>(*resume_at) * static_cast<std::size_t>(evaluations_.num_episodes);
  evaluations_.timesteps.resize(*resume_at);
  evaluations_.results.resize(num_values);
  evaluations_.ep_lengths.resize(num_values);
}

void EvaluationLog::add(std::int64_t timestep, std::span<const double> returns, std::span<const std::int64_t> lengths) {
  const auto num_episodes = static_cast<std::int64_t>(returns.size());
  SOFTAC_REQUIRE(num_episodes > 0 && lengths.size() == returns.size(), num_episodes, lengths.size());
  const std::int64_t before = evaluations_.timesteps.empty() ? num_episodes : evaluations_.num_episodes;
  const std::int64_t width = std::max(before, num_episodes);
  evaluations_.results = widened(evaluations_.results, before, width, kNoReturn);
  evaluations_.ep_lengths = widened(evaluations_.ep_lengths, before, width, std::int64_t{0});
  evaluations_.num_episodes = width;
  evaluations_.timesteps.push_back(timestep);
  const auto end = evaluations_.timesteps.size() * static_cast<std::size_t>(width);
  evaluations_.results.insert(evaluations_.results.end(), returns.begin(), returns.end());
  evaluations_.results.resize(end, kNoReturn);
  evaluations_.ep_lengths.insert(evaluations_.ep_lengths.end(), lengths.begin(), lengths.end());
  evaluations_.ep_lengths.resize(end, 0);
}

void EvaluationLog::save() const {
  if (evaluations_.timesteps.empty()) {
    for (const char* name : {"evaluations.npz", "evaluations.csv"}) {
      if (fs_.exists(dir_ / name)) fs_.remove(dir_ / name);
    }
    return fs_.sync_directory(dir_);
  }
  write_file_atomic(fs_, dir_ / "evaluations.npz", evaluations_npz(evaluations_));
  write_file_atomic(fs_, dir_ / "evaluations.csv", evaluations_csv(evaluations_));
}

std::vector<std::byte> evaluations_npz(const Evaluations& evaluations) {
  const auto count = static_cast<std::int64_t>(evaluations.timesteps.size());
  const std::int64_t episodes = evaluations.num_episodes;
  return encode_npz({{"timesteps", Tensor::from<std::int64_t>({count}, evaluations.timesteps)},
                     {"results", Tensor::from<double>({count, episodes}, evaluations.results)},
                     {"ep_lengths", Tensor::from<std::int64_t>({count, episodes}, evaluations.ep_lengths)}});
}

std::vector<EvaluationLine> evaluation_lines(const Evaluations& evaluations) {
  std::vector<EvaluationLine> lines;
  const std::size_t width = evaluations.num_episodes;
  for (std::size_t i = 0; i < evaluations.timesteps.size(); ++i) {
    const auto row = std::span(evaluations.results).subspan(i * width, width);
    const auto filler = std::ranges::find_if(row, [](double value) { return std::isnan(value); });
    const auto returns = std::span(row.begin(), filler);
    if (returns.empty()) continue;
    const auto lengths = std::span(evaluations.ep_lengths).subspan(i * width, returns.size());
    const auto n = static_cast<double>(returns.size());
    double mean = 0.0, squares = 0.0, mean_length = 0.0;
    for (const double value : returns) mean += value;
    mean /= n;
    for (const double value : returns) squares += (value - mean) * (value - mean);
    for (const std::int64_t value : lengths) mean_length += static_cast<double>(value);
    const auto [low, high] = std::minmax_element(returns.begin(), returns.end());
    lines.push_back({evaluations.timesteps[i], mean, std::sqrt(squares / n), *low, *high, mean_length / n,
                     static_cast<std::int64_t>(returns.size())});
  }
  return lines;
}

std::string evaluations_csv(const Evaluations& evaluations) {
  std::string text = std::string(kCsvHeader) + "\n";
  for (const EvaluationLine& line : evaluation_lines(evaluations)) {
    text += std::to_string(line.timestep);
    for (const double value : {line.mean_return, line.std_return, line.min_return, line.max_return, line.mean_length}) {
      text += ',';
      append_number(text, value);
    }
    text.append(",").append(std::to_string(line.num_episodes)).append("\n");
  }
  return text;
}

std::vector<EvaluationLine> parse_evaluations_csv(std::string_view text, const std::string& source) {
  std::vector<EvaluationLine> out;
  CsvLines lines(text, source);
  if (!lines.next() || lines.line() != kCsvHeader) lines.fail("expected the header " + std::string(kCsvHeader));
  while (lines.next()) {
    EvaluationLine line;
    lines.fields(7);
    line.timestep = lines.count(0);
    line.mean_return = lines.number(1);
    line.std_return = lines.number(2);
    line.min_return = lines.number(3);
    line.max_return = lines.number(4);
    line.mean_length = lines.number(5);
    line.num_episodes = lines.count(6);
    out.push_back(line);
  }
  return out;
}

Evaluations read_evaluations_npz(FileSystem& fs, const Path& path) {
  const NpzFile file = read_npz(fs, path);
  Evaluations evaluations;
  evaluations.timesteps = take<std::int64_t>(file, "timesteps", 1, path);
  evaluations.results = take<double>(file, "results", 2, path);
  evaluations.ep_lengths = take<std::int64_t>(file, "ep_lengths", 2, path);
  const auto& shape = file.at("results").shape;
  if (shape != file.at("ep_lengths").shape || shape[0] != static_cast<std::int64_t>(evaluations.timesteps.size())) {
    throw IoError(path.string() + ": results have shape " + shape_text(shape) + ", ep_lengths " +
                  shape_text(file.at("ep_lengths").shape) + ", and there are " +
                  std::to_string(evaluations.timesteps.size()) + " timesteps");
  }
  evaluations.num_episodes = shape[1];
  return evaluations;
}

}  // namespace softac
