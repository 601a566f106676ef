// Writes one file of every format into a folder, for the Python tests that read them with the packages that own the
// formats. `write_samples check DIR` reads DIR/python.safetensors and DIR/python.npz, as those packages wrote them.
// What the files must hold is said again in read_back.py.
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <string_view>

#include "base/file_system.h"
#include "base/sha256.h"
#include "formats/evaluations.h"
#include "formats/metrics_sink.h"
#include "formats/monitor_csv.h"
#include "formats/npz.h"
#include "formats/safetensors.h"

namespace softac {
namespace {

template <class T>
Tensor ramp(std::vector<std::int64_t> shape) {
  std::vector<T> values(static_cast<std::size_t>(num_elements(shape)));
  std::iota(values.begin(), values.end(), T{1});
  return Tensor::from<T>(std::move(shape), values);
}

void write_tensors(FileSystem& fs, const Path& dir) {
  TensorFile file;
  file.tensors["f32"] = ramp<float>({2, 3});
  file.tensors["f64"] = ramp<double>({4});
  file.tensors["i64"] = ramp<std::int64_t>({1, 2, 2});
  file.tensors["i32"] = ramp<std::int32_t>({3});
  file.tensors["u8"] = ramp<std::uint8_t>({5});
  file.tensors["scalar"] = ramp<float>({});
  file.tensors["empty"] = ramp<float>({0, 2});
  file.tensors["a \"quoted\" name, π"] = ramp<double>({1});
  file.metadata = {{"format", "softac"}, {"step", "100"}};
  write_safetensors(fs, dir / "softac.safetensors", file);
  NpzFile arrays(file.tensors.begin(), file.tensors.end());
  arrays["u64"] = ramp<std::uint64_t>({2});
  write_npz(fs, dir / "softac.npz", arrays);
}

void write_metrics(FileSystem& fs, const Path& dir) {
  const double start = 1.7e9;
  const auto csv = make_csv_sink(fs, dir / "progress.csv");
  const auto jsonl = make_jsonl_sink(fs, dir / "metrics.jsonl");
  const auto events = make_tensorboard_sink(fs, dir / tensorboard_file_name(start), start);
  for (int i = 0; i < 50; ++i) {
    std::vector<Metric> row{{"time/total_timesteps", 1000.0 * i}, {"rollout/ep_rew_mean", std::sin(i) * 1e3}};
    if (i >= 10) row.push_back({"train/critic_loss", std::exp(-i) / 3.0});
    if (i == 20) row.push_back({"train/odd", std::numeric_limits<double>::quiet_NaN()});
    if (i == 21) row.push_back({"train/odd", -std::numeric_limits<double>::infinity()});
    for (const auto* sink : {&csv, &jsonl, &events}) (*sink)->write(std::int64_t{1000} * i, start + 0.125 * i, row);
  }
  for (const auto* sink : {&csv, &jsonl, &events}) (*sink)->close();

  MonitorCsv monitor(fs, dir / "monitor.csv", "HalfCheetah-v5", start);
  for (int i = 0; i < 20; ++i) monitor.write(-100.0 / (i + 1), 1000 - i, 0.5 * i);
  monitor.close();
}

void write_evaluations(FileSystem& fs, const Path& dir) {
  EvaluationLog log(fs, dir);
  for (int i = 1; i <= 3; ++i) {
    const std::vector<double> returns{0.1 * i, 0.2 * i, 0.3 * i, 0.4 * i};
    const std::vector<std::int64_t> lengths{i, 2 * i, 3 * i, 4 * i};
    log.add(10'000 * i, returns, lengths);
  }
  log.save();
}

// One line per length: the SHA-256 of the bytes 0, 7, 14, … mod 256.
void write_digests(FileSystem& fs, const Path& dir) {
  std::string lines;
  std::vector<std::byte> bytes;
  for (int size = 0; size <= 300; ++size) {
    lines += sha256_hex(bytes) + "\n";
    bytes.push_back(static_cast<std::byte>(7 * size % 256));
  }
  const auto file = fs.open_write(dir / "sha256.txt", WriteMode::truncate);
  file->write(lines);
  file->close();
}

bool check(FileSystem& fs, const Path& dir) {
  const TensorFile file = read_safetensors(fs, dir / "python.safetensors");
  const NpzFile arrays = read_npz(fs, dir / "python.npz");
  bool good = file.metadata == std::map<std::string, std::string>{{"key", "value"}} && file.tensors == arrays;
  good = good && arrays.at("f32") == ramp<float>({2, 3}) && arrays.at("f64") == ramp<double>({4});
  good = good && arrays.at("i64") == ramp<std::int64_t>({1, 2, 2}) && arrays.at("scalar") == ramp<double>({});
  good = good && arrays.at("empty") == ramp<float>({0, 2}) && arrays.size() == 7;
  good = good && arrays.at("bool").type == TensorType::boolean && arrays.at("f16").type == TensorType::f16;
  return good;
}

int run(int argc, char** argv) {
  FileSystem& fs = posix_file_system();
  if (argc == 3 && std::string_view(argv[1]) == "check") {
    if (check(fs, argv[2])) return 0;
    std::fprintf(stderr, "the arrays read differ from those written\n");
    return 1;
  }
  if (argc != 3 || std::string_view(argv[1]) != "write") return 2;
  write_tensors(fs, argv[2]);
  write_metrics(fs, argv[2]);
  write_evaluations(fs, argv[2]);
  write_digests(fs, argv[2]);
  return 0;
}

}  // namespace
}  // namespace softac

int main(int argc, char** argv) {
  try {
    return softac::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
