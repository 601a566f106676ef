#include "train/sampler.h"

#include <algorithm>
#include <cmath>

#include "softac/error.h"

namespace softac {

namespace {

constexpr std::int64_t kShareUnit = 1'000'000'000;

// All that replay writes of a row.
void copy_row(const BatchView<float>& from, int source, const BatchView<float>& to, int row) {
  const auto copy = [&](int a, int b, int columns) {
    for (int c = 0; c < columns; c += kLanes) {
      const float* values = from.x.panel(c / kLanes) + a * kLanes;
      std::copy_n(values, std::min(kLanes, columns - c), to.x.panel(c / kLanes) + b * kLanes);
    }
  };
  copy(source, row, from.obs_dim + from.act_dim);
  copy(from.batch_size + source, to.batch_size + row, from.obs_dim);
  to.reward[row] = from.reward[source];
  to.discount[row] = from.discount[source];
}

}  // namespace

void Sampler::set_normalisation(std::optional<BatchNormalisation> n) {
  if (n) {
    const auto all = [](const std::vector<double>& values, auto&& fits) { return std::ranges::all_of(values, fits); };
    const auto positive = [](double x) { return x > 0.0; };
    const std::size_t obs = n->obs_mean.size();
    SOFTAC_REQUIRE(obs == 0 || obs == static_cast<std::size_t>(replay_.shape().obs_dim), obs, replay_.shape().obs_dim);
    SOFTAC_REQUIRE(n->obs_std.size() == obs && n->obs_clip.size() == obs, obs, n->obs_std.size(), n->obs_clip.size());
    SOFTAC_REQUIRE(all(n->obs_mean, [](double x) { return std::isfinite(x); }));
    SOFTAC_REQUIRE(all(n->obs_std, positive) && all(n->obs_clip, positive));
    SOFTAC_REQUIRE(n->reward_std > 0.0 && n->reward_clip > 0.0, n->reward_std, n->reward_clip);
  }
  normalisation_ = std::move(n);
}

void Sampler::draw(const BatchView<float>& batch, Rng& rng, Rng& offline_rng) {
  if (!normalisation_ && offline_ == nullptr) return replay_.sample(rng, batch);
  std::optional<RewardRule> rule;
  if (normalisation_) rule = {normalisation_->reward_std, normalisation_->reward_clip};
  const RewardRule* rewards = rule ? &*rule : nullptr;
  if (offline_ != nullptr)
    draw_mixed(batch, rewards, rng, offline_rng);
  else
    replay_.sample(rng, batch, rewards);
  if (normalisation_ && !normalisation_->obs_mean.empty()) normalise(batch.x.first_cols(batch.obs_dim));
}

void Sampler::mix(ReplayBuffer& offline, double ratio) {
  const ReplayShape &a = replay_.shape(), &b = offline.shape();
  SOFTAC_REQUIRE(a.obs_dim == b.obs_dim && a.act_dim == b.act_dim && a.n_steps == b.n_steps && a.gamma == b.gamma,
                 b.obs_dim, b.act_dim, b.n_steps, b.gamma);
  SOFTAC_REQUIRE(ratio > 0.0 && ratio <= 1.0 && offline.num_transitions() > 0, ratio, offline.num_transitions());
  offline_ = &offline;
  offline_share_ = std::max<std::int64_t>(std::llround(ratio * kShareUnit), 1);
  parts_.reset();
}

std::int64_t Sampler::offline_before(int row) const {
  return (row * offline_share_ + kShareUnit - 1) / kShareUnit;
}

void Sampler::draw_mixed(const BatchView<float>& batch, const RewardRule* rule, Rng& rng, Rng& offline_rng) {
  const int size = batch.batch_size, num_offline = this->num_offline(size);
  if (!parts_ || parts_->online.batch_size + parts_->offline.batch_size != size) {
    parts_.emplace();
    const auto take = [&](int rows) {
      const std::size_t n = rows;
      return BatchView<float>{parts_->arena.panels<float>(2 * rows, batch.x.cols),
                              parts_->arena.take<float>(n),
                              parts_->arena.take<float>(n),
                              rows,
                              batch.obs_dim,
                              batch.act_dim};
    };
    parts_->online = take(size - num_offline);
    parts_->offline = take(num_offline);
  }
  offline_->sample(offline_rng, parts_->offline, rule);
  if (num_offline < size) replay_.sample(rng, parts_->online, rule);
  for (int row = 0, next[2] = {0, 0}; row < size; ++row) {
    const bool recorded = offline_before(row + 1) > offline_before(row);
    copy_row(recorded ? parts_->offline : parts_->online, next[recorded]++, batch, row);
  }
}

void Sampler::normalise(const Panels<float>& x) const {
  const BatchNormalisation& n = *normalisation_;
  for (int r = 0; r < x.rows; ++r) {
    for (int c = 0; c < x.cols; ++c) {
      const double value = (static_cast<double>(x.at(r, c)) - n.obs_mean[c]) / n.obs_std[c];
      x.at(r, c) = static_cast<float>(std::clamp(value, -n.obs_clip[c], n.obs_clip[c]));
    }
  }
}

}  // namespace softac
