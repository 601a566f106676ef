#include "agent/target_source.h"

#include <algorithm>

namespace softac {
namespace {

// Forward passes of chosen networks with target parameters: what they leave behind is read by nobody, so each worker
// has one tape. Batch norms of targets are in training mode, and need whole tapes (then all networks are chosen).
template <class T>
class TargetPasses {
 public:
  // running: of the networks that the targets follow; a batch renorm compares with them. joint: batch norms see both
  // halves of the batch.
  TargetPasses(const std::vector<Network<T>>& nets, std::span<const int> chosen, const T* params,
               RunningStatistics<T>* running, bool joint, int passes, Passes<T>& workers, Arena& arena)
      : nets_(nets),
        chosen_(chosen),
        params_(params),
        running_(running),
        columns_(arena, running ? running->size : 0),
        batch_rows_(workers.batch_rows()),
        skipped_rows_(joint ? batch_rows_ : 0) {
    const int tapes = joins() ? static_cast<int>(nets.size()) : workers.num_workers();
    const int rows = joins() ? skipped_rows_ + batch_rows_ : workers.block();
    for (int i = 0; i < tapes; ++i) {
      tapes_.push_back(nets[0].make_tape(arena, rows));
      nets[0].add_masks(arena, rows, tapes_.back());
    }
    for (const int i : chosen) out_.push_back(make_outputs<T>(arena, passes * batch_rows_, nets[i].shape().out));
  }

  const std::vector<Outputs<T>>& out() const { return out_; }

  // Rows B … 2B−1 of x (2B, in) → rows pass·B … of the outputs.
  void run(Passes<T>& workers, Panels<const T> x, int pass, const DropoutPass& dropout) {
    const auto& k = workers.kernels();
    const auto next = x.rows_from(batch_rows_, batch_rows_);
    const BatchForward<T> batch{nets_, params_, tapes_, columns_, running_, false, skipped_rows_ > 0 ? x : next};
    if (joins()) batch.run_to_last_stage(workers);
    workers.for_networks(
        static_cast<int>(chosen_.size()), nets_[0].cost_per_row(), [&](int worker, int i, int first, int count) {
          const std::size_t j = i;
          const Network<T>& net = nets_[chosen_[j]];
          const auto rows = next.rows_from(first, count);
          const auto out = out_[j].rows_from(pass * batch_rows_ + first, count);
          if (joins()) {
            net.forward_stage(k, batch.values(), net.num_stages() - 1, rows, tapes_[i], skipped_rows_ + first, out);
          } else {
            DropoutPass masks = dropout;
            masks.network = chosen_[j];
            masks.first_row = first;
            net.draw_masks(tapes_[worker], 0, count, masks);
            net.forward(k, params_, rows, tapes_[worker], 0, out);
          }
        });
  }

 private:
  bool joins() const { return nets_[0].num_stages() > 1; }

  const std::vector<Network<T>>& nets_;
  std::span<const int> chosen_;
  const T* params_;
  RunningStatistics<T>* running_;
  Columns<T> columns_;
  int batch_rows_, skipped_rows_;
  std::vector<NetworkTape<T>> tapes_;
  std::vector<Outputs<T>> out_;
};

// Q_θ̄j(s', a_k)
template <class T>
class PolyakCritics final : public TargetSource<T> {
 public:
  PolyakCritics(LearnerState<T>& state, const WeightedActions<T>& samples, bool joint, int num_outputs, int num_draws,
                std::span<const int> chosen, Passes<T>& passes, Arena& arena)
      : state_(state),
        continuous_(state.policy->continuous()),
        samples_(samples),
        num_passes_(continuous_ ? num_draws * samples.num_actions : 1),
        critics_(state.critic_nets, chosen, state.critic_target, &state.critic_norms, joint, num_passes_, passes,
                 arena) {
    next_.critics = critics_.out();
    next_.actions = &samples_;
    next_.first_row = next_.batch_size = passes.batch_rows();
    next_.num_draws = num_draws;
    next_.as_columns = !continuous_;
    next_.num_outputs = num_outputs;
  }

  bool needs_actions() const override { return true; }
  const NextValues<T>& evaluate(Passes<T>& passes, const BatchView<T>& batch, Panels<T> x) override {
    const int rows = passes.batch_rows();
    for (int pass = 0; pass < num_passes_; ++pass) {
      if (continuous_) {
        const int draw = pass / samples_.num_actions;
        write_actions(samples_, (1 + draw) * rows, pass % samples_.num_actions, batch, x, rows);
      }
      critics_.run(passes, x.first_cols(critic_columns(batch)), pass, state_.dropout_pass(DropoutUse::target, pass));
    }
    return next_;
  }

 private:
  int critic_columns(const BatchView<T>& batch) const {
    return continuous_ ? batch.obs_dim + batch.act_dim : batch.obs_dim;
  }

  const LearnerState<T>& state_;
  bool continuous_;
  const WeightedActions<T>& samples_;
  int num_passes_;
  TargetPasses<T> critics_;
  NextValues<T> next_;
};

// Q_θi(s', a'), from the critics' training pass over [s, a; s', a'], as constants.
template <class T>
class OnlineCritics final : public TargetSource<T> {
 public:
  OnlineCritics(TrainedNetworks<T>& critics, const WeightedActions<T>& samples, bool continuous, int num_outputs,
                int rows)
      : critics_(critics), samples_(samples), continuous_(continuous) {
    for (const Outputs<T>& out : critics.outs()) next_out_.push_back(out.rows_from(rows, rows));
    next_.critics = next_out_;
    next_.actions = &samples_;
    next_.first_row = next_.batch_size = rows;
    next_.as_columns = !continuous_;
    next_.num_outputs = num_outputs;
  }

  bool needs_actions() const override { return true; }
  bool trains_critics() const override { return true; }
  const NextValues<T>& evaluate(Passes<T>& passes, const BatchView<T>& batch, Panels<T> x) override {
    const int rows = passes.batch_rows();
    if (continuous_) write_actions(samples_, rows, 0, batch, x, rows);
    critics_.forward_all(passes, x.first_cols(critics_.net(0).shape().in), PassMode::training, critics_.outs());
    return next_;
  }

 private:
  TrainedNetworks<T>& critics_;
  const WeightedActions<T>& samples_;
  bool continuous_;
  std::vector<Outputs<T>> next_out_;  // N × (B, ·)
  NextValues<T> next_;
};

constexpr int kFirst[] = {0};

// V_ψ̄(s'), as the value of one action with weight 1 and log π = 0.
template <class T>
class TargetStateValue final : public TargetSource<T> {
 public:
  TargetStateValue(const LearnerState<T>& state, Passes<T>& passes, Arena& arena)
      : value_(state.value_nets, kFirst, state.value_target, nullptr, false, 1, passes, arena) {
    const std::size_t rows = passes.batch_rows();
    alone_.rows = passes.batch_rows();
    alone_.log_pi = arena.take<T>(rows);
    alone_.weight = arena.take<T>(rows);
    std::fill_n(alone_.weight, rows, T(1));
    next_.critics = value_.out();
    next_.actions = &alone_;
    next_.batch_size = alone_.rows;
  }

  bool needs_actions() const override { return false; }
  const NextValues<T>& evaluate(Passes<T>& passes, const BatchView<T>& batch, Panels<T> x) override {
    value_.run(passes, x.first_cols(batch.obs_dim), 0, {});
    return next_;
  }

 private:
  TargetPasses<T> value_;
  WeightedActions<T> alone_;
  NextValues<T> next_;
};

}  // namespace

template <class T>
std::unique_ptr<TargetSource<T>> make_target_source(LearnerState<T>& state, const WeightedActions<T>& samples,
                                                    TrainedNetworks<T>& critics, const SacConfig& config,
                                                    int num_outputs, std::span<const int> chosen, Passes<T>& passes,
                                                    Arena& arena) {
  if (state.value_target) return std::make_unique<TargetStateValue<T>>(state, passes, arena);
  if (!state.critic_target) {
    return std::make_unique<OnlineCritics<T>>(critics, samples, state.policy->continuous(), num_outputs,
                                              passes.batch_rows());
  }
  return std::make_unique<PolyakCritics<T>>(state, samples, config.joint_batch == JointBatch::both, num_outputs,
                                            config.n_target_actions, chosen, passes, arena);
}

template <class T>
void write_actions(const WeightedActions<T>& samples, int first_sample, int k, const BatchView<T>& batch, Panels<T> x,
                   int first_row) {
  for (int b = 0; b < batch.batch_size; ++b) {
    const T* action = samples.action_row(first_sample + b, k);
    for (int d = 0; d < batch.act_dim; ++d) x.at(first_row + b, batch.obs_dim + d) = action[d];
  }
}

#define SOFTAC_INSTANTIATE(T)                                                                               \
  template std::unique_ptr<TargetSource<T>> make_target_source(LearnerState<T>&, const WeightedActions<T>&, \
                                                               TrainedNetworks<T>&, const SacConfig&, int,  \
                                                               std::span<const int>, Passes<T>&, Arena&);   \
  template void write_actions(const WeightedActions<T>&, int, int, const BatchView<T>&, Panels<T>, int);
SOFTAC_INSTANTIATE(float)
SOFTAC_INSTANTIATE(double)
#undef SOFTAC_INSTANTIATE

}  // namespace softac
