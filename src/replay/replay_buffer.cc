#include "replay/replay_buffer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/digest.h"
#include "base/text.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::uint32_t kTerminated = kRecordTerminated, kTruncated = kRecordTruncated, kEndSlot = kRecordEnd;
constexpr std::uint32_t kEnded = kTerminated | kTruncated;

constexpr std::int64_t kReleaseWords = 1 << 20;  // memory is given back 4 MiB at a time
constexpr int kPrefetchWords = 16384;            // fetched ahead of the row that is copied: 64 KiB

// Full of one-step episodes, with the transition that makes the oldest one go and the successor's slot.
std::int64_t slots_per_env(const ReplayShape& shape) {
  return 2 * (shape.buffer_size / shape.num_envs) + 2;
}
int record_words(const ReplayShape& shape) {
  return shape.obs_dim + shape.act_dim + 2;
}
std::uint64_t num_bit_words(const ReplayShape& shape) {
  return (static_cast<std::uint64_t>(slots_per_env(shape)) * static_cast<std::uint64_t>(shape.num_envs) + 63) / 64;
}

std::uint32_t flags_of(const float* record, int stride) {
  return std::bit_cast<std::uint32_t>(record[stride - 1]);
}
void set_flags(float* record, int stride, std::uint32_t flags) {
  record[stride - 1] = std::bit_cast<float>(flags);
}

constexpr int kGroup = 16;  // rows that are copied together, panel by panel: 1 KiB of one panel at a time

// Rows first … first + num_rows − 1 of x get the first `count` values of rows[0 … num_rows − 1]; further columns stay
// as they are.
template <class T>
void put_rows(const Panels<T>& x, int first, int num_rows, const float* const* rows, int count) {
  for (int c = 0; c < count; c += kLanes) {
    T* out = x.panel(c / kLanes) + first * kLanes;
    const int columns = std::min(kLanes, count - c);
    for (int i = 0; i < num_rows; ++i, out += kLanes) {
      const float* values = rows[i] + c;
      if (std::is_same_v<T, float> && columns == kLanes) {
        std::memcpy(out, values, kLanes * sizeof(float));  // few wide stores: lines that miss wait in the store buffer
      } else {
        for (int j = 0; j < columns; ++j) out[j] = static_cast<T>(values[j]);
      }
    }
  }
}

}  // namespace

std::uint64_t ReplayBuffer::bytes_needed(const ReplayShape& shape) {
  const auto envs = static_cast<std::uint64_t>(shape.num_envs);
  const std::uint64_t slots = (static_cast<std::uint64_t>(shape.buffer_size) / envs + 1) * envs;
  const double bytes = static_cast<double>(slots) * (4.0 * record_words(shape) + 0.25);
  if (bytes >= 0x1p62) return std::numeric_limits<std::uint64_t>::max();
  return slots * static_cast<std::uint64_t>(record_words(shape)) * sizeof(float) + num_bit_words(shape) * 8;
}

ReplayBuffer::ReplayBuffer(const ReplayShape& shape, std::uint64_t memory_limit) : shape_(shape) {
  SOFTAC_REQUIRE(shape.obs_dim > 0 && shape.act_dim > 0 && shape.num_envs > 0 && shape.n_steps > 0, shape.obs_dim,
                 shape.act_dim, shape.num_envs, shape.n_steps);
  if (shape.buffer_size / shape.num_envs < 2) {
    throw ConfigError("buffer_size: expected at least " + std::to_string(2 * shape.num_envs) +
                      " (two transitions for each of " + std::to_string(shape.num_envs) + " environments), found " +
                      std::to_string(shape.buffer_size));
  }
  if (shape.buffer_size > (std::int64_t{1} << 43) / record_words(shape) || bytes_needed(shape) > memory_limit) {
    const double slot_bytes = static_cast<double>(record_words(shape)) * sizeof(float);
    const double fits = static_cast<double>(memory_limit) / (slot_bytes + 0.25);
    throw MemoryError("replay buffer: " + bytes_text(bytes_needed(shape)) + " needed for buffer_size = " +
                      std::to_string(shape.buffer_size) + " (" + std::to_string(record_words(shape) * 4) +
                      " bytes a transition), " + bytes_text(memory_limit) + " available; buffer_size up to about " +
                      std::to_string(static_cast<std::int64_t>(std::min(fits, 1e15))) + " fits");
  }
  stride_ = record_words(shape);
  slots_ = slots_per_env(shape);
  pages_ = ZeroPages((slots_ * shape.num_envs * stride_) * sizeof(float));
  data_ = static_cast<float*>(pages_.data());
  end_bits_.resize(num_bit_words(shape));
  rings_.resize(shape.num_envs);
  heads_.resize(rings_.size());
}

bool ReplayBuffer::is_end(int env, std::int64_t s) const {
  const auto bit = static_cast<std::uint64_t>(env * slots_ + s);
  return (end_bits_[bit / 64] >> (bit % 64)) & 1;
}

void ReplayBuffer::set_end(int env, std::int64_t s, bool end) {
  const auto bit = static_cast<std::uint64_t>(env * slots_ + s);
  const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
  end_bits_[bit / 64] = end ? end_bits_[bit / 64] | mask : end_bits_[bit / 64] & ~mask;
}

std::uint64_t ReplayBuffer::record_digest(int env, std::int64_t number) const {
  Digest out;
  out.add(number);
  out.add(record(env, number));
  return out.value();
}

// The next record is complete: it counts from now on. The oldest transition beyond the capacity goes, and so does an
// end slot whose transition has gone.
void ReplayBuffer::advance(int env, bool end_slot) {
  Ring& ring = rings_[env];
  set_end(env, head(env), end_slot);
  ring.transitions += end_slot ? 0 : 1;
  num_transitions_ += end_slot ? 0 : 1;
  ring.digest += record_digest(env, ring.total);
  ++ring.total;
  ++ring.size;
  while (ring.transitions > capacity() || is_end(env, (ring.total - ring.size) % slots_)) drop_oldest(env);
}

void ReplayBuffer::drop_oldest(int env) {
  Ring& ring = rings_[env];
  const std::int64_t number = ring.total - ring.size, s = number % slots_;
  if (!is_end(env, s)) {
    --ring.transitions;
    --num_transitions_;
  }
  ring.digest -= record_digest(env, number);
  --ring.size;
  const bool at_end = s + 1 == slots_;
  if (!at_end && (s + 1 - ring.released) * stride_ < kReleaseWords) return;
  const std::int64_t next = head(env);  // may be among them already, on its next way round
  release(env, next <= s ? std::max(ring.released, next + 1) : ring.released, s + 1);
  ring.released = at_end ? 0 : s + 1;
}

// Slots [first, last) hold nothing any more.
void ReplayBuffer::release(int env, std::int64_t first, std::int64_t last) {
  if (first >= last) return;
  const auto begin = static_cast<std::size_t>(env * slots_ + first) * words() * sizeof(float);
  pages_.release(begin, static_cast<std::size_t>(last - first) * words() * sizeof(float));
}

void ReplayBuffer::end_episode(int env) {
  Ring& ring = rings_[env];
  if (!ring.continues) return;
  const std::int64_t newest = ring.total - 1;
  ring.digest -= record_digest(env, newest);
  set_flags(slot(env, newest % slots_), stride_, kTruncated);
  ring.digest += record_digest(env, newest);
  ring.unsaved = std::min(ring.unsaved, newest);
  ring.continues = false;
  put_end_slot(env);
}

// The next slot holds an observation and nothing else: the last of an episode.
void ReplayBuffer::put_end_slot(int env) {
  float* last = slot(env, head(env));
  std::fill(last + shape_.obs_dim, last + stride_, 0.0f);
  set_flags(last, stride_, kEndSlot);
  advance(env, true);
}

bool ReplayBuffer::add(int env, std::span<const float> obs, std::span<const float> action, float reward,
                       std::span<const float> next_obs, bool terminated, bool truncated) {
  const std::size_t obs_dim = shape_.obs_dim, act_dim = shape_.act_dim;
  SOFTAC_REQUIRE(env >= 0 && env < shape_.num_envs && obs.size() == obs_dim && action.size() == act_dim &&
                     next_obs.size() == obs_dim,
                 env, obs.size(), action.size(), next_obs.size());
  Ring& ring = rings_[env];
  const bool broken = ring.continues && std::memcmp(slot(env, head(env)), obs.data(), obs.size_bytes()) != 0;
  if (broken) end_episode(env);

  float* record = slot(env, head(env));
  if (!ring.continues) std::ranges::copy(obs, record);
  std::ranges::copy(action, record + obs_dim);
  record[obs_dim + act_dim] = reward;
  const bool ended = terminated || truncated;
  set_flags(record, stride_, terminated ? kTerminated : truncated ? kTruncated : 0);
  advance(env, false);

  std::ranges::copy(next_obs, slot(env, head(env)));
  ring.continues = !ended;
  if (ended) put_end_slot(env);
  return !broken;
}

// Uniform over all (environment, age) pairs below the largest ring's size; what is no transition is drawn again.
void ReplayBuffer::draw(Rng& rng, int count) {
  if (static_cast<std::size_t>(count) > picks_.size()) {
    picks_.resize(count);
    words_.resize(picks_.size());
  }
  std::int64_t largest = 0;
  for (std::size_t env = 0; env < rings_.size(); ++env) {
    largest = std::max(largest, rings_[env].size);
    heads_[env] = head(static_cast<int>(env));
  }
  const auto range = static_cast<std::uint64_t>(largest) * rings_.size();
  // Words by the batch: each gives a transition or is refused, in order.
  for (int i = 0; i < count;) {
    const auto words = std::span(words_).first(count - i);
    rng.fill_u64(words);
    for (const std::uint64_t word : words) {
      std::uint64_t u;
      if (!Rng::map_below(word, range, u)) continue;
      const std::size_t env = rings_.size() == 1 ? 0 : u / static_cast<std::uint64_t>(largest);
      const auto age = static_cast<std::int64_t>(u - env * static_cast<std::uint64_t>(largest));
      if (age >= rings_[env].size) continue;
      std::int64_t s = heads_[env] - rings_[env].size + age;
      if (s < 0) s += slots_;
      if (!is_end(static_cast<int>(env), s)) picks_[i++] = {s, static_cast<int>(env)};
    }
  }
}

void ReplayBuffer::prefetch(const Pick& pick) const {
  const float* record = slot(pick.env, pick.slot);
  for (int word = 0; word < stride_ + shape_.obs_dim; word += 16) __builtin_prefetch(record + word, 0, 2);
}

template <class T>
void ReplayBuffer::sample(Rng& rng, const BatchView<T>& batch, const RewardRule* rule) {
  const auto reward_of = [this, rule](const float* record) {
    const double raw = static_cast<double>(record[shape_.obs_dim + shape_.act_dim]);
    return rule ? rule->apply(raw) : raw;
  };
  const int obs_dim = shape_.obs_dim, act_dim = shape_.act_dim, size = batch.batch_size;
  SOFTAC_REQUIRE(num_transitions_ > 0 && batch.obs_dim == obs_dim && batch.act_dim == act_dim, num_transitions_,
                 batch.obs_dim, batch.act_dim);
  draw(rng, size);
  const int ahead = std::clamp(kPrefetchWords / (stride_ + obs_dim) / kGroup, 1, 1 + size / kGroup) * kGroup;
  for (int b = 0; b < std::min(ahead, size); ++b) prefetch(picks_[b]);
  for (int b = 0; b < size; b += kGroup) {
    const int rows = std::min(kGroup, size - b);
    const float *now[kGroup], *then[kGroup];
    for (int i = 0; i < rows; ++i) {
      if (b + i + ahead < size) prefetch(picks_[b + i + ahead]);
      const auto [first, env] = picks_[b + i];
      const float* record = now[i] = slot(env, first);
      std::uint32_t flags = flags_of(record, stride_);
      double reward = reward_of(record), discount = shape_.gamma;
      std::int64_t s = next(first);
      const std::int64_t end = heads_[env];
      for (int k = 1; k < shape_.n_steps && (flags & kEnded) == 0 && s != end; ++k, s = next(s)) {
        record = slot(env, s);
        flags = flags_of(record, stride_);
        reward += discount * reward_of(record);
        discount *= shape_.gamma;
      }
      then[i] = slot(env, s);
      batch.reward[b + i] = static_cast<T>(reward);
      batch.discount[b + i] = (flags & kTerminated) != 0 ? T(0) : static_cast<T>(discount);
    }
    put_rows(batch.x, b, rows, now, obs_dim + act_dim);
    put_rows(batch.x, size + b, rows, then, obs_dim);
  }
}

template void ReplayBuffer::sample<float>(Rng&, const BatchView<float>&, const RewardRule*);
template void ReplayBuffer::sample<double>(Rng&, const BatchView<double>&, const RewardRule*);

std::uint64_t ReplayBuffer::digest() const {
  Digest out;
  for (int env = 0; env < shape_.num_envs; ++env) {
    const Ring& r = ring(env);
    out.add(r.total);
    out.add(r.size);
    out.add(r.digest);
    out.add(static_cast<std::uint64_t>(r.continues));
    if (r.continues) out.add(record(env, r.total).first(shape_.obs_dim));
  }
  return out.value();
}

std::optional<ReplayBuffer::Stored> ReplayBuffer::transition(int env, std::int64_t number) const {
  SOFTAC_REQUIRE(env >= 0 && env < shape_.num_envs, env);
  SOFTAC_REQUIRE(number < ring(env).total && number >= ring(env).total - ring(env).size, number);
  const std::size_t obs_dim = shape_.obs_dim, act_dim = shape_.act_dim;
  const std::span<const float> values = record(env, number);
  const std::uint32_t flags = flags_of(values.data(), stride_);
  if (flags == kEndSlot) return {};
  return Stored{values.first(obs_dim),     values.subspan(obs_dim, act_dim),
                values[obs_dim + act_dim], record(env, number + 1).first(obs_dim),
                flags == kTerminated,      flags == kTruncated};
}

void ReplayBuffer::clear() {
  std::ranges::fill(rings_, Ring{});
  num_transitions_ = 0;
}

void ReplayBuffer::restore_record(int env, std::int64_t number, std::span<const float> record) {
  SOFTAC_REQUIRE(env >= 0 && env < shape_.num_envs && number >= 0 && record.size() == words(), env, number,
                 record.size());
  std::ranges::copy(record, slot(env, number % slots_));
}

std::string ReplayBuffer::restore_ring(int env, std::int64_t total, std::int64_t size,
                                       std::span<const float> pending_obs) {
  SOFTAC_REQUIRE(env >= 0 && env < shape_.num_envs, env);
  const std::size_t obs_dim = shape_.obs_dim;
  if (size < 0 || size > max_records() || total < size) {
    return std::to_string(size) + " of " + std::to_string(total) + " records, room for " +
           std::to_string(max_records());
  }
  if (!pending_obs.empty() && pending_obs.size() != obs_dim) return "a pending observation of another size";
  Ring ring;
  ring.total = ring.unsaved = total;
  ring.size = size;
  ring.continues = !pending_obs.empty();
  const auto finite = [](std::span<const float> values) {
    return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
  };
  std::uint32_t before = kEndSlot;
  for (std::int64_t number = total - size; number < total; ++number) {
    const std::string where = "record " + std::to_string(number);
    const std::span<const float> values = record(env, number);
    const std::uint32_t flags = flags_of(values.data(), stride_);
    if (flags != 0 && flags != kTerminated && flags != kTruncated && flags != kEndSlot)
      return where + ": unknown flags " + std::to_string(flags);
    const bool after_end = (before & kEnded) != 0, is_first = number == total - size;
    if (!is_first && after_end != (flags == kEndSlot)) return where + ": its flags do not fit the record before";
    if (!finite(values.first(words() - 1))) return where + ": a value is not finite";
    set_end(env, number % slots_, flags == kEndSlot);
    ring.transitions += flags == kEndSlot ? 0 : 1;
    ring.digest += record_digest(env, number);
    before = flags;
  }
  if ((before & kEnded) != 0 || (before == kEndSlot) == ring.continues)
    return "the newest record has no proper successor";
  if (ring.transitions > capacity())
    return std::to_string(ring.transitions) + " transitions, room for " + std::to_string(capacity());
  if (!finite(pending_obs)) return "the pending observation is not finite";
  std::ranges::copy(pending_obs, slot(env, total % slots_));
  ring.released = (total - size) % slots_;
  rings_[env] = ring;
  num_transitions_ += ring.transitions;
  return {};
}

void ReplayBuffer::copy(const ReplayBuffer& other) {
  clear();
  for (int env = 0; env < shape_.num_envs; ++env) {
    const Ring& from = other.ring(env);
    for (std::int64_t number = from.total - from.size; number < from.total; ++number)
      restore_record(env, number, other.record(env, number));
    const auto pending = other.record(env, from.total).first(from.continues ? shape_.obs_dim : 0);
    const std::string wrong = restore_ring(env, from.total, from.size, pending);
    SOFTAC_REQUIRE(wrong.empty(), wrong);
  }
}

}  // namespace softac
