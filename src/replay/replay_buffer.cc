#include "replay/replay_buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "base/digest.h"
#include "softac/error.h"

namespace softac {

namespace {

// Flags of a record.
constexpr std::uint32_t kTerminated = 1, kTruncated = 2, kEndSlot = 4;
constexpr std::uint32_t kEnded = kTerminated | kTruncated;

constexpr int kPrefetchAhead = 8;  // rows between the one that is copied and the one that is fetched

std::int64_t slots_per_env(const ReplayShape& shape) {
  return shape.buffer_size / shape.num_envs + 1;
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

// Row `row` of x gets count values from its first column on; the columns after them stay as they are.
template <class T>
void put_row(const Panels<T>& x, int row, const float* values, int count) {
  for (int c = 0; c < count; c += kLanes) {
    T* out = x.panel(c / kLanes) + row * kLanes;
    if (count - c >= kLanes) {
      for (int j = 0; j < kLanes; ++j) out[j] = static_cast<T>(values[c + j]);
    } else {
      for (int j = 0; j < count - c; ++j) out[j] = static_cast<T>(values[c + j]);
    }
  }
}

}  // namespace

std::uint64_t ReplayBuffer::bytes_needed(const ReplayShape& shape) {
  const auto slots = static_cast<std::uint64_t>(slots_per_env(shape)) * static_cast<std::uint64_t>(shape.num_envs);
  return slots * static_cast<std::uint64_t>(record_words(shape)) * sizeof(float) + num_bit_words(shape) * 8;
}

ReplayBuffer::ReplayBuffer(const ReplayShape& shape, std::uint64_t memory_limit) : shape_(shape) {
  SOFTAC_REQUIRE(shape.obs_dim > 0 && shape.act_dim > 0 && shape.num_envs > 0 && shape.n_steps > 0, shape.obs_dim,
                 shape.act_dim, shape.num_envs, shape.n_steps);
  if (shape.buffer_size / shape.num_envs < 2) {
    throw ConfigError("buffer_size: expected at least " + std::to_string(2 * shape.num_envs) +
                      " (two slots for each of " + std::to_string(shape.num_envs) + " environments), found " +
                      std::to_string(shape.buffer_size));
  }
  if (shape.buffer_size > (std::int64_t{1} << 44) / record_words(shape) || bytes_needed(shape) > memory_limit) {
    const double slot_bytes = static_cast<double>(record_words(shape)) * sizeof(float);
    const double fits = static_cast<double>(memory_limit) / (slot_bytes + 0.125);
    throw MemoryError("replay buffer: " + bytes_text(bytes_needed(shape)) + " needed for buffer_size = " +
                      std::to_string(shape.buffer_size) + " (" + std::to_string(record_words(shape) * 4) +
                      " bytes a slot), " + bytes_text(memory_limit) + " available; buffer_size up to about " +
                      std::to_string(static_cast<std::int64_t>(std::min(fits, 1e15))) + " fits");
  }
  stride_ = record_words(shape);
  slots_ = slots_per_env(shape);
  pages_ = ZeroPages(static_cast<std::size_t>(slots_ * shape.num_envs * stride_) * sizeof(float));
  data_ = static_cast<float*>(pages_.data());
  end_bits_.resize(num_bit_words(shape));
  rings_.resize(static_cast<std::size_t>(shape.num_envs));
}

bool ReplayBuffer::is_end(int env, std::int64_t s) const {
  const auto bit = static_cast<std::uint64_t>(env * slots_ + s);
  return (end_bits_[bit / 64] >> (bit % 64)) & 1;
}

// Slot head is complete: it counts from now on, and the oldest slot makes room for what comes next.
void ReplayBuffer::advance(int env, bool end_slot) {
  Ring& ring = rings_[static_cast<std::size_t>(env)];
  const auto bit = static_cast<std::uint64_t>(env * slots_ + ring.head);
  const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
  end_bits_[bit / 64] = end_slot ? end_bits_[bit / 64] | mask : end_bits_[bit / 64] & ~mask;
  num_transitions_ += end_slot ? 0 : 1;
  ring.head = next(ring.head);
  if (ring.size + 1 < slots_) {
    ++ring.size;
  } else if (!is_end(env, ring.head)) {
    --num_transitions_;
  }
}

void ReplayBuffer::add(int env, std::span<const float> obs, std::span<const float> action, float reward,
                       std::span<const float> next_obs, bool terminated, bool truncated) {
  const auto obs_dim = static_cast<std::size_t>(shape_.obs_dim), act_dim = static_cast<std::size_t>(shape_.act_dim);
  SOFTAC_REQUIRE(env >= 0 && env < shape_.num_envs && obs.size() == obs_dim && action.size() == act_dim &&
                     next_obs.size() == obs_dim,
                 env, obs.size(), action.size(), next_obs.size());
  Ring& ring = rings_[static_cast<std::size_t>(env)];
  if (ring.continues && std::memcmp(slot(env, ring.head), obs.data(), obs.size_bytes()) != 0) {
    float* newest = slot(env, ring.head == 0 ? slots_ - 1 : ring.head - 1);
    set_flags(newest, stride_, kTruncated);
    set_flags(slot(env, ring.head), stride_, kEndSlot);
    advance(env, true);
    ring.continues = false;
  }

  float* record = slot(env, ring.head);
  if (!ring.continues) std::ranges::copy(obs, record);
  std::ranges::copy(action, record + obs_dim);
  record[obs_dim + act_dim] = reward;
  const bool ended = terminated || truncated;
  set_flags(record, stride_, terminated ? kTerminated : truncated ? kTruncated : 0);
  advance(env, false);

  float* successor = slot(env, ring.head);
  std::ranges::copy(next_obs, successor);
  ring.continues = !ended;
  if (ended) {
    std::fill(successor + obs_dim, successor + stride_, 0.0f);
    set_flags(successor, stride_, kEndSlot);
    advance(env, true);
  }
}

// Uniform over all (environment, age) pairs below the largest ring's size; what is no transition is drawn again.
void ReplayBuffer::draw(Rng& rng, int count) {
  if (static_cast<std::size_t>(count) > picks_.size()) picks_.resize(static_cast<std::size_t>(count));
  std::int64_t largest = 0;
  for (const Ring& ring : rings_) largest = std::max(largest, ring.size);
  const auto range = static_cast<std::uint64_t>(largest) * rings_.size();
  for (int i = 0; i < count;) {
    const std::uint64_t u = rng.below(range);
    const int env = static_cast<int>(u / static_cast<std::uint64_t>(largest));
    const auto age = static_cast<std::int64_t>(u % static_cast<std::uint64_t>(largest));
    const Ring& ring = rings_[static_cast<std::size_t>(env)];
    if (age >= ring.size) continue;
    std::int64_t s = ring.head - ring.size + age;
    if (s < 0) s += slots_;
    if (is_end(env, s)) continue;
    picks_[static_cast<std::size_t>(i++)] = {s, env};
  }
}

void ReplayBuffer::prefetch(const Pick& pick) const {
  const float* record = slot(pick.env, pick.slot);
  for (int word = 0; word < stride_ + shape_.obs_dim; word += 16) __builtin_prefetch(record + word);
}

template <class T>
void ReplayBuffer::sample(Rng& rng, const BatchView<T>& batch) {
  const int obs_dim = shape_.obs_dim, act_dim = shape_.act_dim, size = batch.batch_size;
  SOFTAC_REQUIRE(num_transitions_ > 0 && batch.obs_dim == obs_dim && batch.act_dim == act_dim, num_transitions_,
                 batch.obs_dim, batch.act_dim);
  draw(rng, size);
  for (int b = 0; b < std::min(kPrefetchAhead, size); ++b) prefetch(picks_[static_cast<std::size_t>(b)]);
  for (int b = 0; b < size; ++b) {
    if (b + kPrefetchAhead < size) prefetch(picks_[static_cast<std::size_t>(b + kPrefetchAhead)]);
    const auto [first, env] = picks_[static_cast<std::size_t>(b)];
    const std::int64_t head = rings_[static_cast<std::size_t>(env)].head;
    const float* record = slot(env, first);
    put_row(batch.x, b, record, obs_dim + act_dim);

    std::uint32_t flags = flags_of(record, stride_);
    double reward = static_cast<double>(record[obs_dim + act_dim]), discount = shape_.gamma;
    std::int64_t s = next(first);
    for (int k = 1; k < shape_.n_steps && (flags & kEnded) == 0 && s != head; ++k, s = next(s)) {
      record = slot(env, s);
      flags = flags_of(record, stride_);
      reward += discount * static_cast<double>(record[obs_dim + act_dim]);
      discount *= shape_.gamma;
    }
    put_row(batch.x, size + b, slot(env, s), obs_dim);
    batch.reward[b] = static_cast<T>(reward);
    batch.discount[b] = (flags & kTerminated) != 0 ? T(0) : static_cast<T>(discount);
  }
}

template void ReplayBuffer::sample<float>(Rng&, const BatchView<float>&);
template void ReplayBuffer::sample<double>(Rng&, const BatchView<double>&);

std::uint64_t ReplayBuffer::bytes_used() const {
  std::uint64_t slots = 0;
  for (const Ring& ring : rings_) slots += static_cast<std::uint64_t>(ring.size) + 1;
  return slots * static_cast<std::uint64_t>(stride_) * sizeof(float);
}

std::span<const float> ReplayBuffer::record(int env, std::int64_t age) const {
  const Ring& r = ring(env);
  std::int64_t s = r.head - r.size + age;
  if (s < 0) s += slots_;
  return {slot(env, s), static_cast<std::size_t>(stride_)};
}

std::uint64_t ReplayBuffer::digest() const {
  Digest out;
  for (int env = 0; env < shape_.num_envs; ++env) {
    const Ring& r = ring(env);
    out.add(r.size);
    for (std::int64_t age = 0; age < r.size; ++age) out.add(record(env, age));
    out.add(static_cast<std::uint64_t>(r.continues));
    if (r.continues) out.add(record(env, r.size).first(static_cast<std::size_t>(shape_.obs_dim)));
  }
  return out.value();
}

void ReplayBuffer::clear() {
  std::ranges::fill(rings_, Ring{});
  num_transitions_ = 0;
}

bool ReplayBuffer::restore_record(int env, std::span<const float> record) {
  Ring& ring = rings_[static_cast<std::size_t>(env)];
  SOFTAC_REQUIRE(static_cast<int>(record.size()) == stride_, record.size(), stride_);
  const std::uint32_t flags = flags_of(record.data(), stride_);
  const bool known = flags == 0 || flags == kTerminated || flags == kTruncated || flags == kEndSlot;
  if (!known || ring.size == capacity()) return false;
  if (ring.size > 0) {
    const bool ended = (flags_of(this->record(env, ring.size - 1).data(), stride_) & kEnded) != 0;
    if (ended != (flags == kEndSlot)) return false;
  }
  std::ranges::copy(record, slot(env, ring.head));
  advance(env, flags == kEndSlot);
  return true;
}

bool ReplayBuffer::restore_pending(int env, std::span<const float> obs) {
  Ring& ring = rings_[static_cast<std::size_t>(env)];
  SOFTAC_REQUIRE(obs.empty() || static_cast<int>(obs.size()) == shape_.obs_dim, obs.size(), shape_.obs_dim);
  const std::uint32_t newest = ring.size > 0 ? flags_of(record(env, ring.size - 1).data(), stride_) : kEndSlot;
  if ((newest & kEnded) != 0 || (newest == kEndSlot) != obs.empty()) return false;
  std::ranges::copy(obs, slot(env, ring.head));
  ring.continues = !obs.empty();
  return true;
}

}  // namespace softac
