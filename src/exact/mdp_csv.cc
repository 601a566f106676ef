// Finite MDPs as text, one transition a line: s,a,s_next,p,r,terminated (the content of Gymnasium's env.P).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <tuple>

#include "softac/error.h"
#include "softac/exact.h"

namespace softac {

namespace {

constexpr std::int64_t kMaxIndex = std::numeric_limits<std::int32_t>::max() - 2;
constexpr double kMaxSumError = 1e-9;  // of the probabilities of a row

struct Row {
  std::int32_t s, a, s_next;
  bool terminated;
  double p, r;
  std::int64_t line;

  auto key() const { return std::tuple(s, a, s_next, terminated); }
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& source, std::uint64_t max_bytes)
      : text_(text), source_(source), max_bytes_(max_bytes) {}

  std::vector<Row> read() {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    std::string_view line;
    if (!next_line(line)) fail(std::string("the file is empty; expected the header ") + kMdpCsvHeader);
    std::string header(line);
    std::erase_if(header, [](char c) { return c == ' ' || c == '\t'; });
    if (header != kMdpCsvHeader) fail("expected the header " + std::string(kMdpCsvHeader) + ", found " + shown(line));
    std::vector<Row> rows;
    while (next_line(line)) {
      if (line.empty()) continue;
      if ((rows.size() + 1) * 2 * sizeof(Row) > max_bytes_) {
        throw MemoryError(source_ + ": its transitions need more than the " + std::to_string(max_bytes_ / 1048576) +
                          " MiB of memory that are there");
      }
      rows.push_back(parse(line));
    }
    if (rows.empty()) fail("no transitions after the header");
    return rows;
  }

  [[noreturn]] void fail(const std::string& message) const { fail_at(line_number_, message); }
  [[noreturn]] void fail_at(std::int64_t line, const std::string& message) const {
    throw IoError(source_ + ":" + std::to_string(line) + ": " + message);
  }

 private:
  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return text;
  }
  static std::string shown(std::string_view text) {
    std::string out = "'";
    for (const char c : text.substr(0, 60)) out += c >= ' ' && c < 127 ? c : '?';
    return out + (text.size() > 60 ? "…'" : "'");
  }

  bool next_line(std::string_view& line) {
    ++line_number_;
    if (text_.empty()) return false;
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    line = trimmed(text_.substr(0, end));
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return true;
  }

  std::int32_t index(const char* name, std::string_view field) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc{} || end != field.data() + field.size() || value < 0 || value > kMaxIndex) {
      fail(std::string(name) + ": expected a whole number from 0 to " + std::to_string(kMaxIndex) + ", found " +
           shown(field));
    }
    return static_cast<std::int32_t>(value);
  }
  double number(const char* name, std::string_view field, double low, double high) const {
    double value = 0.0;
    std::string_view digits = field;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || !(value >= low && value <= high)) {
      const bool bounded = low == 0.0;
      fail(std::string(name) + ": expected a " + (bounded ? "number from 0 to 1" : "finite number") + ", found " +
           shown(field));
    }
    return value;
  }
  bool flag(std::string_view field) const {
    if (field == "0" || field == "false" || field == "False") return false;
    if (field == "1" || field == "true" || field == "True") return true;
    fail("terminated: expected 0 or 1 (or false, true), found " + shown(field));
  }

  Row parse(std::string_view line) const {
    std::string_view fields[6];
    std::size_t count = 0;
    for (std::string_view rest = line;; ++count) {
      const std::size_t comma = rest.find(',');
      if (count < 6) fields[count] = trimmed(rest.substr(0, comma));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    if (count + 1 != 6)
      fail("expected 6 fields (" + std::string(kMdpCsvHeader) + "), found " + std::to_string(count + 1) + ": " +
           shown(line));
    constexpr double kLargest = std::numeric_limits<double>::max();
    Row row{};
    row.s = index("s", fields[0]);
    row.a = index("a", fields[1]);
    row.s_next = index("s_next", fields[2]);
    row.p = number("p", fields[3], 0.0, 1.0 + kMaxSumError);
    row.r = number("r", fields[4], -kLargest, kLargest);
    row.terminated = flag(fields[5]);
    row.line = line_number_;
    return row;
  }

  std::string_view text_;
  const std::string& source_;
  std::uint64_t max_bytes_;
  std::int64_t line_number_ = 0;
};

template <class T>
void append(std::string& out, T value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  out.append(text, end);
}

}  // namespace

ExactProblem parse_mdp_csv(std::string_view text, const std::string& source, std::uint64_t max_bytes) {
  Reader reader(text, source, max_bytes);
  std::vector<Row> rows = reader.read();
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key() < b.key(); });
  std::int64_t num_states = 0, num_actions = 0;
  for (const Row& row : rows) {
    num_states = std::max({num_states, std::int64_t{row.s} + 1, std::int64_t{row.s_next} + 1});
    num_actions = std::max(num_actions, std::int64_t{row.a} + 1);
  }
  MdpBuilder builder(num_states, num_actions, max_bytes);
  std::size_t at = 0;
  for (std::int64_t row_index = 0; row_index < num_states * num_actions; ++row_index) {
    const std::size_t first = at;
    double sum = 0.0;
    const auto here = [&] { return at < rows.size() && rows[at].s * num_actions + rows[at].a == row_index; };
    while (here()) {
      const auto key = rows[at].key();
      double p = 0.0, pr = 0.0, r = rows[at].r;
      bool same = true;
      for (; here() && rows[at].key() == key; ++at) {
        p += rows[at].p;
        pr += rows[at].p * rows[at].r;
        same = same && rows[at].r == r;
      }
      if (!same && p > 0.0) r = pr / p;
      if (!std::isfinite(r)) reader.fail_at(rows[at - 1].line, "r: the sum of the rewards is not finite");
      builder.add(rows[at - 1].s_next, p, r, rows[at - 1].terminated);
      sum += p;
    }
    if (at > first && !(std::fabs(sum - 1.0) <= kMaxSumError)) {
      std::string found;
      append(found, sum);
      reader.fail_at(rows[first].line, "the probabilities of s = " + std::to_string(rows[first].s) + ", a = " +
                                           std::to_string(rows[first].a) + " sum to " + found + ", expected 1");
    }
    builder.end_row();
  }
  ExactProblem problem;
  problem.name = source;
  problem.mdp = builder.finish();
  std::int64_t num_live = 0;
  for (std::int64_t s = 0; s < num_states; ++s) num_live += problem.mdp.terminal(s) ? 0 : 1;
  for (std::int64_t s = 0; s < num_states; ++s)
    problem.start.push_back(problem.mdp.terminal(s) ? 0.0 : 1.0 / static_cast<double>(num_live));
  return problem;
}

void append_mdp_csv(const FiniteMdp& mdp, std::int64_t s, std::string& out) {
  SOFTAC_REQUIRE(s >= 0 && s < mdp.num_states, s, mdp.num_states);
  for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
    const std::size_t row = s * mdp.num_actions + a;
    auto ended = std::lower_bound(mdp.ended.begin(), mdp.ended.end(), std::pair(mdp.row_start[row], std::int32_t{0}));
    for (std::int64_t i = mdp.row_start[row]; i < mdp.row_start[row + 1]; ++i) {
      const bool ends = mdp.next[i] == mdp.num_states;
      append(out, s);
      out += ',';
      append(out, a);
      out += ',';
      append(out, ends ? (ended++)->second : mdp.next[i]);
      out += ',';
      append(out, mdp.p[i]);
      out += ',';
      append(out, mdp.transition_reward.empty() ? mdp.reward[row] : mdp.transition_reward[i]);
      out += ends ? ",1\n" : ",0\n";
    }
  }
}

}  // namespace softac
