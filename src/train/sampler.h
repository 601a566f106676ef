// Batches for the learner: transitions drawn uniformly from the replay, or a part of each from recorded data (RLPD,
// arXiv 2302.02948).
#pragma once

#include <cstdint>
#include <optional>

#include "math/arena.h"
#include "replay/replay_buffer.h"
#include "softac/learner.h"
#include "softac/rng.h"

namespace softac {

class Sampler {
 public:
  // Draws from (seed, sample), and from (seed, sample, 2) what is recorded.
  Sampler(ReplayBuffer& replay, std::uint64_t seed)
      : replay_(replay), rng_(seed, StreamKind::sample), offline_rng_(seed, StreamKind::sample, kOfflineStream) {}

  // From the next batch on, row i of a batch comes from `offline` where ⌈(i + 1)·ratio⌉ > ⌈i·ratio⌉, ratio in (0, 1]
  // to nine digits: ½ is every even row. The others keep coming from the replay, in the order in which they are drawn.
  // offline: of the replay's shape, not empty, and must outlive this.
  void mix(ReplayBuffer& offline, double ratio);
  bool is_mixed() const { return offline_ != nullptr; }
  int num_offline(int batch_size) const { return static_cast<int>(offline_before(batch_size)); }  // of a batch's rows

  // Nothing can be drawn yet.
  bool empty() const { return replay_.num_transitions() == 0; }
  void fill(const BatchView<float>& batch) { draw(batch, rng_, offline_rng_); }  // not while empty
  void fill(const BatchView<float>& batch, Rng& rng) { draw(batch, rng, rng); }  // drawn by another generator

  // From the next batch on; nothing: as stored. Throws ContractError on sizes that are not the replay's, and on numbers
  // that are no statistics.
  void set_normalisation(std::optional<BatchNormalisation> normalisation);

  const std::optional<BatchNormalisation>& normalisation() const { return normalisation_; }

  Rng& rng() { return rng_; }
  const Rng& rng() const { return rng_; }
  Rng& offline_rng() { return offline_rng_; }

 private:
  static constexpr std::uint32_t kOfflineStream = 2;  // 1 is Learner's, beside training

  void draw(const BatchView<float>& batch, Rng& rng, Rng& offline_rng);
  void draw_mixed(const BatchView<float>& batch, const RewardRule* rule, Rng& rng, Rng& offline_rng);
  std::int64_t offline_before(int row) const;  // recorded rows among the first `row` of a batch
  void normalise(const Panels<float>& x) const;

  ReplayBuffer& replay_;
  Rng rng_, offline_rng_;
  ReplayBuffer* offline_ = nullptr;
  std::int64_t offline_share_ = 0;  // of kShareUnit
  struct Parts {                    // where the rows lie before they are put together
    Arena arena;
    BatchView<float> online, offline;
  };
  std::optional<Parts> parts_;  // of the last batch's size
  std::optional<BatchNormalisation> normalisation_;
};

}  // namespace softac
