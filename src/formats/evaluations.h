// Results of the periodic evaluations: evaluations.npz in the layout of Stable-Baselines3's EvalCallback, and the same
// in short as evaluations.csv.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace softac {

// n evaluations of up to E episodes each; where one had fewer, the rest are NaN and length 0.
struct Evaluations {
  std::vector<std::int64_t> timesteps;   // (n) environment steps of training
  std::vector<double> results;           // (n × E) undiscounted episode returns
  std::vector<std::int64_t> ep_lengths;  // (n × E)
  std::int64_t num_episodes = 0;         // E

  friend bool operator==(const Evaluations&, const Evaluations&) = default;
};

// Keeps the evaluations of a run; save() replaces both files, each atomically.
class EvaluationLog {
 public:
  // dir: the run's eval/ folder, which must exist. With resume_at the first that many evaluations are read back from
  // evaluations.npz (IoError if it is damaged or holds fewer) and the others dropped at the next save().
  EvaluationLog(FileSystem& fs, Path dir, std::optional<std::uint64_t> resume_at = {});

  // returns, lengths: one per episode, at least one. Their number may change when a run resumes.
  void add(std::int64_t timestep, std::span<const double> returns, std::span<const std::int64_t> lengths);
  void save() const;  // with none, removes the files

  const Evaluations& evaluations() const { return evaluations_; }
  std::uint64_t position() const { return evaluations_.timesteps.size(); }

 private:
  FileSystem& fs_;
  Path dir_;
  Evaluations evaluations_;
};

// The two files' contents. CSV columns: timesteps, mean_reward, std_reward (population), min_reward, max_reward,
// mean_ep_length, episodes.
std::vector<std::byte> evaluations_npz(const Evaluations& evaluations);
std::string evaluations_csv(const Evaluations& evaluations);
Evaluations read_evaluations_npz(FileSystem& fs, const Path& path);

// A line of evaluations.csv.
struct EvaluationLine {
  std::int64_t timestep = 0;  // environment steps of training
  double mean_return = 0.0, std_return = 0.0, min_return = 0.0, max_return = 0.0, mean_length = 0.0;
  std::int64_t num_episodes = 0;

  friend bool operator==(const EvaluationLine&, const EvaluationLine&) = default;
};
// The text of evaluations.csv. Throws IoError with the line that is wrong; `source` names the file.
std::vector<EvaluationLine> parse_evaluations_csv(std::string_view text, const std::string& source);
// The lines of evaluations.csv, from the episodes.
std::vector<EvaluationLine> evaluation_lines(const Evaluations& evaluations);

}  // namespace softac
