// Each metrics sink by itself, and one contract suite over all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/crc32c.h"
#include "base/temp_dir.h"
#include "formats/log_file.h"
#include "formats/metrics_sink.h"
#include "formats/monitor_csv.h"
#include "formats/number_text.h"
#include "softac/error.h"
#include "softac/rng.h"
#include "support/fault_file_system.h"

namespace softac {
namespace {

using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string number(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

TEST(NumberText, IsShortAndReadsBack) {
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(100000), "100000");
  EXPECT_EQ(number(-3), "-3");
  EXPECT_EQ(number(-0.0), "-0");
  EXPECT_EQ(number(9007199254740991.0), "9007199254740991");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(std::nan("")), "nan");
  EXPECT_EQ(number(-std::nan("")), "nan");
  EXPECT_EQ(number(kInfinity), "inf");
  EXPECT_EQ(number(-kInfinity), "-inf");
  Rng rng(1, StreamKind::test);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::bit_cast<double>(rng.next_u64());
    if (std::fpclassify(value) == FP_NORMAL) {  // std::stod throws on subnormal numbers
      ASSERT_EQ(std::stod(number(value)), value);
    }
    const double whole = std::trunc(rng.uniform(-0x1p54, 0x1p54));
    ASSERT_EQ(std::stod(number(whole)), whole);
  }
}

TEST(NumberText, JsonStringsAndNumbers) {
  std::string text;
  append_json_string(text, "a\"b\\\n\x01π\xff");
  EXPECT_EQ(nlohmann::json::parse(text).get<std::string>(), "a\"b\\\n\x01π\xEF\xBF\xBD");
  std::string numbers;
  for (const double value : {std::nan(""), kInfinity, -0.0, 2.0, 0.1}) {
    append_json_number(numbers, value);
    numbers += ' ';
  }
  EXPECT_EQ(numbers, "null null -0.0 2 0.1 ");
}

// The contract of every sink. The factory makes one on a file with an optional position to resume from.
struct SinkKind {
  const char* name;
  std::function<std::unique_ptr<MetricsSink>(FileSystem&, const Path&, std::optional<std::uint64_t>)> make;
};

void PrintTo(const SinkKind& kind, std::ostream* out) {
  *out << kind.name;
}

class SinkContract : public ::testing::TestWithParam<SinkKind> {
 protected:
  TempDir dir_;
  Path path_ = dir_ / "file";

  std::unique_ptr<MetricsSink> make(FileSystem& fs, std::optional<std::uint64_t> resume_at = {}) {
    return GetParam().make(fs, path_, resume_at);
  }
  // Row i: a column "late" appears at row 3.
  static void write_row(MetricsSink& sink, int i) {
    std::vector<Metric> row{{"train/b", 0.1 * i}, {"train/a", 1.0 * i}};
    if (i >= 3) row.push_back({"late", -1.0 * i});
    sink.write(100 * i, 1.7e9 + i, row);
  }
};

INSTANTIATE_TEST_SUITE_P(All, SinkContract,
                         ::testing::Values(SinkKind{"csv", make_csv_sink}, SinkKind{"jsonl", make_jsonl_sink},
                                           SinkKind{"tensorboard",
                                                    [](FileSystem& fs, const Path& path,
                                                       std::optional<std::uint64_t> resume_at) {
                                                      return make_tensorboard_sink(fs, path, 1.7e9, resume_at);
                                                    }}),
                         [](const auto& instance) { return std::string(instance.param.name); });

// A run that stops after any row and resumes from its position leaves the file of a run that never stopped, whatever
// rows or parts of rows the first process still wrote after the position was taken.
TEST_P(SinkContract, ResumedFileEqualsTheUninterruptedOne) {
  constexpr int kRows = 6;
  const auto whole = make(posix_file_system());
  for (int i = 0; i < kRows; ++i) write_row(*whole, i);
  whole->close();
  const std::string expected = read_text(path_);
  for (int stop = 0; stop <= kRows; ++stop) {
    for (int extra = 0; extra <= 2; ++extra) {
      auto first = make(posix_file_system());
      for (int i = 0; i < stop; ++i) write_row(*first, i);
      first->sync();
      const std::uint64_t position = first->position();
      for (int i = stop; i < stop + extra; ++i) write_row(*first, i);
      first->flush();
      first.reset();
      if (extra == 2) {  // cut within the last row
        posix_file_system().truncate(path_, posix_file_system().size(path_) - 3);
      }
      auto second = make(posix_file_system(), position);
      EXPECT_EQ(second->position(), position);
      for (int i = stop; i < kRows; ++i) write_row(*second, i);
      second->close();
      ASSERT_EQ(read_text(path_), expected) << stop << ' ' << extra;
    }
  }
}

TEST_P(SinkContract, NewFileReplacesAnOldOne) {
  write_text(path_, std::string(10'000, 'x'));
  const auto sink = make(posix_file_system());
  write_row(*sink, 1);
  sink->close();
  EXPECT_EQ(read_text(path_).find("xxx"), std::string::npos);
  EXPECT_EQ(sink->path(), path_);
}

TEST_P(SinkContract, ResumeBeyondTheEndIsRefused) {
  auto sink = make(posix_file_system());
  write_row(*sink, 1);
  sink->close();
  const std::uint64_t position = sink->position();
  EXPECT_THAT(message_of<IoError>([&] { make(posix_file_system(), position + 1); }), HasSubstr(path_.string()));
  posix_file_system().remove(path_);
  EXPECT_THROW(make(posix_file_system(), position), IoError);
}

// A full disk is reported by one exception; after it the sink is silent and writes nothing.
TEST_P(SinkContract, FailsOnce) {
  for (int at = 0; at < 20; ++at) {
    FaultFileSystem fs(posix_file_system());
    fs.set_fault({.at = at, .error = ENOSPC, .from_then_on = true, .only = "", .short_write = 0.5});
    int failures = 0;
    std::unique_ptr<MetricsSink> sink;
    try {
      sink = make(fs);
    } catch (const DiskError&) {
      continue;
    }
    for (int i = 0; i < 8; ++i) {
      try {
        write_row(*sink, i);
        sink->flush();
        sink->sync();
      } catch (const Error& error) {  // IoError where the csv sink reads its file again
        ++failures;
        EXPECT_THAT(error.what(), HasSubstr(dir_.path().string()));
        EXPECT_TRUE(sink->failed());
      }
    }
    const auto operations = fs.num_operations();
    if (failures > 0) sink->close();
    EXPECT_EQ(fs.num_operations(), operations);
    EXPECT_EQ(failures, fs.num_operations() > at ? 1 : 0) << at;
  }
}

TEST_P(SinkContract, BuffersUntilFlushButNotWithoutBound) {
  const auto sink = make(posix_file_system());
  sink->flush();
  const std::uint64_t start = posix_file_system().size(path_);
  write_row(*sink, 1);
  EXPECT_EQ(posix_file_system().size(path_), start);
  sink->flush();
  EXPECT_GT(posix_file_system().size(path_), start);
  for (int i = 0; i < 20'000; ++i) write_row(*sink, 2);
  EXPECT_GT(posix_file_system().size(path_), start + 65'000u);
  sink->close();
  const std::uint64_t end = posix_file_system().size(path_);
  write_row(*sink, 3);
  sink->flush();
  sink->close();
  EXPECT_EQ(posix_file_system().size(path_), end);
}

TEST(CsvSink, ColumnsThatAppearLaterAreAddedAtTheEnd) {
  TempDir dir;
  const auto sink = make_csv_sink(posix_file_system(), dir / "progress.csv");
  sink->write(1, 0.0, std::vector<Metric>{{"b", 1}, {"a", 0.5}});
  sink->write(2, 0.0, std::vector<Metric>{{"a", -kInfinity}});
  sink->write(3, 0.0, std::vector<Metric>{{"d", 3}, {"c", 1e-7}, {"b", std::nan("")}});
  sink->write(4, 0.0, {});
  sink->write(5, 0.0, std::vector<Metric>{{"d", 4}});
  sink->close();
  EXPECT_EQ(read_text(dir / "progress.csv"), "a,b,c,d\n0.5,1,,\n-inf,,,\n,nan,1e-07,3\n,,,\n,,,4\n");
  EXPECT_EQ(sink->position(), 5u);
  EXPECT_THAT(posix_file_system().list(dir.path()), ::testing::ElementsAre("progress.csv"));
}

TEST(CsvSink, RefusesNamesThatWouldBreakTheTable) {
  TempDir dir;
  for (const char* name : {"", "a,b", "a\"b", "a\nb"}) {
    const auto sink = make_csv_sink(posix_file_system(), dir / "progress.csv");
    EXPECT_THROW(sink->write(1, 0.0, std::vector<Metric>{{name, 1}}), ContractError);
  }
  const auto sink = make_csv_sink(posix_file_system(), dir / "progress.csv");
  EXPECT_THROW(sink->write(1, 0.0, std::vector<Metric>{{"a", 1}, {"a", 2}}), ContractError);
}

TEST(CsvSink, RefusesADamagedHeaderOnResuming) {
  TempDir dir;
  for (const char* text : {"", "a,b", ",\n1,2\n", "a,a\n1,2\n", "a,\n1,2\n"}) {
    write_text(dir / "p", text);
    EXPECT_THROW(make_csv_sink(posix_file_system(), dir / "p", 1), IoError) << text;
  }
}

// A fault while the file is rewritten for a new column leaves the old table or the new one.
TEST(CsvSink, RewritingIsAtomic) {
  for (int at = 0; at < 12; ++at) {
    TempDir dir;
    FaultFileSystem fs(posix_file_system());
    const auto sink = make_csv_sink(fs, dir / "p");
    sink->write(1, 0.0, std::vector<Metric>{{"a", 1}});
    sink->flush();
    fs.set_fault({.at = at, .error = ENOSPC, .from_then_on = true, .only = "", .short_write = 0.5});
    try {
      sink->write(2, 0.0, std::vector<Metric>{{"b", 2}});
      sink->flush();
    } catch (const Error&) {
    }
    EXPECT_THAT(read_text(dir / "p"), ::testing::StartsWith(read_text(dir / "p")[1] == '\n' ? "a\n1\n" : "a,b\n1,\n"))
        << at;
  }
}

TEST(JsonlSink, OneObjectPerRow) {
  TempDir dir;
  const auto sink = make_jsonl_sink(posix_file_system(), dir / "m.jsonl");
  sink->write(7, 1.5, std::vector<Metric>{{"train/a", 0.1}, {"quote\"d", kInfinity}, {"n", 3}});
  sink->close();
  EXPECT_EQ(read_text(dir / "m.jsonl"),
            "{\"step\": 7, \"wall_time\": 1.5, \"train/a\": 0.1, \"quote\\\"d\": null, \"n\": 3}\n");
}

TEST(TensorBoardSink, ExactBytes) {
  TempDir dir;
  const auto sink = make_tensorboard_sink(posix_file_system(), dir / "e", 2.0);
  sink->write(300, 3.0, std::vector<Metric>{{"ab", 1.0}});
  sink->close();
  const std::string version = std::string("\x09\0\0\0\0\0\0\x00\x40\x1a\x0d", 11) + "brain.Event:2";
  const std::string event = std::string("\x09\0\0\0\0\0\0\x08\x40\x10\xac\x02\x2a\x0b\x0a\x09\x0a\x02", 18) + "ab" +
                            std::string("\x15\0\0\x80\x3f", 5);
  std::string expected;
  for (const std::string& record : {version, event}) {
    const auto put = [&](std::uint64_t value, int count) {
      for (int i = 0; i < count; ++i) expected += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    };
    const auto checksum = [](const std::string& text) -> std::uint32_t {
      const std::uint32_t crc = crc32c(std::as_bytes(std::span(text)));
      return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
    };
    put(record.size(), 8);
    put(checksum(expected.substr(expected.size() - 8)), 4);
    expected += record;
    put(checksum(record), 4);
  }
  EXPECT_EQ(read_text(dir / "e"), expected);
  EXPECT_EQ(sink->position(), expected.size());
}

TEST(TensorBoardSink, FileName) {
  EXPECT_THAT(tensorboard_file_name(1700000000.9),
              ::testing::MatchesRegex("events\\.out\\.tfevents\\.1700000000\\..+\\.[0-9]+"));
  EXPECT_THAT(tensorboard_file_name(5.0), HasSubstr(".0000000005."));
}

TEST(MonitorCsv, Format) {
  TempDir dir;
  MonitorCsv monitor(posix_file_system(), dir / "monitor.csv", "Pendulum-v1", 1700000000.25);
  monitor.write(-1234.5678901234, 200, 1.23456789);
  monitor.write(-0.1, 1, 100.0);
  monitor.close();
  EXPECT_EQ(read_text(dir / "monitor.csv"),
            "#{\"t_start\": 1700000000.25, \"env_id\": "
            "\"Pendulum-v1\"}\nr,l,t\n-1234.5678901234,200,1.234568\n-0.1,1,100.000000\n");
}

TEST(MonitorCsv, GoesOnAfterARestart) {
  TempDir dir;
  MonitorCsv first(posix_file_system(), dir / "m", "E", 1000.5);
  first.write(1, 1, 1);
  first.sync();
  const std::uint64_t position = first.position();
  first.write(2, 2, 2);
  first.close();
  MonitorCsv second(posix_file_system(), dir / "m", "E", 2000.0, position);
  EXPECT_EQ(second.start_wall_time_sec(), 1000.5);
  second.write(3, 3, 3);
  second.close();
  EXPECT_EQ(read_text(dir / "m"), "#{\"t_start\": 1000.5, \"env_id\": \"E\"}\nr,l,t\n1,1,1.000000\n3,3,3.000000\n");
}

TEST(MonitorCsv, RefusesAnotherFileOnResuming) {
  TempDir dir;
  for (const char* text : {"r,l,t\n", "#{\n", "#{\"t_start\": 1, \"t_start\": 1}\n", "#{\"t_start\": 1}x\n",
                           "#{\"t_start\": \"x\"}\n", "#{\"a\": {\"t_start\": 1}}\n", "#{\"t_start\": 1}", "##"}) {
    write_text(dir / "m", text);
    EXPECT_THAT(message_of<IoError>([&] { MonitorCsv(posix_file_system(), dir / "m", "E", 0.0, 2); }),
                ::testing::AnyOf(HasSubstr("line 1"), HasSubstr("bytes, expected at least")))
        << text;
  }
}

TEST(LogFile, EveryLineHasItsTime) {
  TempDir dir;
  {
    LogFile log(posix_file_system(), dir / "log.txt");
    log.write(0.0, "started");
    log.write(1769862896.9, "two\nlines");
  }
  const std::string first = "1970-01-01T00:00:00Z started\n2026-01-31T12:34:56Z two\n2026-01-31T12:34:56Z lines\n";
  EXPECT_EQ(read_text(dir / "log.txt"), first);
  LogFile(posix_file_system(), dir / "log.txt").write(1.0, "again");
  EXPECT_EQ(read_text(dir / "log.txt"), first + "1970-01-01T00:00:01Z again\n");
  LogFile(posix_file_system(), dir / "log.txt", first.size()).write(2.0, "");
  EXPECT_EQ(read_text(dir / "log.txt"), first + "1970-01-01T00:00:02Z \n");
}

}  // namespace
}  // namespace softac
