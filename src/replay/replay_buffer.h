// Replay memory: float32 transitions of one or more environments, each observation stored once.
//
// Every environment has a ring of slots. A slot is one record [obs O | action A | reward | flags] of 32-bit words. The
// successor of a slot is the next slot's observation. Where an episode ends, an extra slot of which only the
// observation counts holds the final one; it is never drawn as a transition and takes no transition's room: the ring
// has twice as many slots as transitions, of which only those that hold something cost memory.
//
// An n-step window starts at any stored transition and runs until n rewards are summed, the episode ends (either flag),
// or the newest transition of the ring is reached; k ≤ n rewards then, and the value bootstraps from the observation
// after the k-th: y = Σ_{j<k} γ^j r_j + discount · V(s_k), discount = γ^k, or 0 where the last of them terminated.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/memory_limit.h"
#include "softac/panels.h"
#include "softac/rng.h"

namespace softac {

// Flags of a record; 0: the episode goes on.
inline constexpr std::uint32_t kRecordTerminated = 1, kRecordTruncated = 2, kRecordEnd = 4;  // 4: an end slot

struct ReplayShape {
  int obs_dim = 0;  // O
  int act_dim = 0;  // A
  int num_envs = 1;
  std::int64_t buffer_size = 0;  // transitions over all environments; each keeps its newest buffer_size / num_envs
  int n_steps = 1;
  double gamma = 0.99;
};

// What becomes of each reward before it is discounted and summed; the buffer itself keeps it as it was.
struct RewardRule {
  double divisor = 1.0;
  double clip = std::numeric_limits<double>::infinity();  // bound of what divided rewards may be

  double apply(double reward) const { return std::clamp(reward / divisor, -clip, clip); }
};

class ReplayBuffer {
 public:
  // Memory that the buffer takes when it is full of long episodes; where they have k steps, (k + 1)/k of it.
  static std::uint64_t bytes_needed(const ReplayShape& shape);

  // Throws ConfigError if buffer_size leaves an environment fewer than two transitions, MemoryError (with sizes) if the
  // full buffer is larger than memory_limit bytes. Nothing is touched yet: memory is taken as slots fill.
  ReplayBuffer(const ReplayShape& shape, std::uint64_t memory_limit = available_memory());

  // Stores one transition of environment env; obs, next_obs (O), action (A). Where obs is not the next_obs stored
  // before and no end was flagged, the transition before counts as truncated. Does not allocate.
  bool add(int env, std::span<const float> obs, std::span<const float> action, float reward,
           std::span<const float> next_obs, bool terminated, bool truncated);

  // Fills the batch with transitions drawn uniformly, with replacement, from all that are stored (at least one). T:
  // float or double. Allocates only when batch_size grows beyond any earlier call.
  template <class T>
  void sample(Rng& rng, const BatchView<T>& batch, const RewardRule* rule = nullptr);

  std::int64_t num_transitions() const { return num_transitions_; }
  const ReplayShape& shape() const { return shape_; }

  // Digest of all stored transitions and their numbers. Kept up to date as they come and go: costs no pass over them.
  std::uint64_t digest() const;

  // The contents by number: the records of a ring are numbered from 0 as they are stored (replay_segment.h writes and
  // reads them).
  struct Ring {
    std::int64_t total = 0;  // number of the next record
    std::int64_t size = 0;   // newest records that count, end slots included: numbers total − size … total − 1
    std::int64_t transitions = 0;  // those of them that are no end slots
    bool continues = false;    // the next record's observation is there already: the successor of the newest transition
    std::int64_t unsaved = 0;  // records from here on are new, or were changed, since mark_saved()
    std::uint64_t digest = 0;  // sum over the records that count
    std::int64_t released = 0;  // slots from 0 on whose memory was given back since the ring was last there
  };
  const Ring& ring(int env) const { return rings_[env]; }
  // A transition as it is stored; good until the next one is. Nothing for a record that is an end slot.
  struct Stored {
    std::span<const float> obs, action;  // (O), (A)
    float reward;
    std::span<const float> next_obs;  // (O)
    bool terminated, truncated;
  };
  std::optional<Stored> transition(int env, std::int64_t number) const;           // of the records that count
  int num_words() const { return stride_; }                                       // of a record
  std::int64_t capacity() const { return shape_.buffer_size / shape_.num_envs; }  // most transitions of a ring
  std::int64_t max_records() const { return 2 * capacity(); }                     // of a ring
  std::span<const float> record(int env, std::int64_t number) const { return {slot(env, number % slots_), words()}; }
  void mark_saved(int env) { rings_[env].unsaved = ring(env).total; }
  // What the newest transition leads to will not be continued: it counts as truncated.
  void end_episode(int env);

  // Refills the buffer: clear, then the records that count (any order), then for each environment the ring; its pending
  // observation (O) where it continues, else empty. restore_ring says "" or what no replay can hold.
  void clear();
  void restore_record(int env, std::int64_t number, std::span<const float> record);
  std::string restore_ring(int env, std::int64_t total, std::int64_t size, std::span<const float> pending_obs);
  // Becomes what another buffer of the same shape is.
  void copy(const ReplayBuffer& other);

 private:
  struct Pick {
    std::int64_t slot;
    std::int32_t env;
  };

  std::size_t words() const { return stride_; }
  std::int64_t head(int env) const { return ring(env).total % slots_; }  // slot of the next record
  float* slot(int env, std::int64_t s) { return data_ + (env * slots_ + s) * stride_; }
  const float* slot(int env, std::int64_t s) const { return data_ + (env * slots_ + s) * stride_; }
  std::int64_t next(std::int64_t s) const { return s + 1 == slots_ ? 0 : s + 1; }
  bool is_end(int env, std::int64_t s) const;
  void set_end(int env, std::int64_t s, bool end);
  void put_end_slot(int env);
  std::uint64_t record_digest(int env, std::int64_t number) const;
  void advance(int env, bool end_slot);
  void drop_oldest(int env);
  void release(int env, std::int64_t first, std::int64_t last);
  void draw(Rng& rng, int count);
  void prefetch(const Pick& pick) const;

  ReplayShape shape_;
  int stride_ = 0;          // words of a record
  std::int64_t slots_ = 0;  // of a ring
  ZeroPages pages_;
  float* data_ = nullptr;                // (num_envs × slots × stride)
  std::vector<std::uint64_t> end_bits_;  // (num_envs × slots) 1 = end slot; small enough to stay in the cache
  std::vector<Ring> rings_;
  std::vector<std::int64_t> heads_;  // head of each ring while a batch is sampled
  std::int64_t num_transitions_ = 0;
  std::vector<Pick> picks_;
  std::vector<std::uint64_t> words_;  // random words that they come from
};

}  // namespace softac
