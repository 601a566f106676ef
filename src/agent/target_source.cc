#include "agent/target_source.h"

#include <algorithm>

namespace softac {
namespace {

// Forward passes of chosen networks with target parameters: what they leave behind is read by nobody, so each worker
// has one tape.
template <class T>
class TargetPasses {
 public:
  TargetPasses(const std::vector<Network<T>>& nets, std::span<const int> chosen, const T* params, int passes,
               Passes<T>& workers, Arena& arena)
      : nets_(nets), chosen_(chosen), params_(params), batch_rows_(workers.batch_rows()) {
    for (int i = 0; i < workers.num_workers(); ++i) {
      tapes_.push_back(nets[0].make_tape(arena, workers.block()));
      nets[0].add_masks(arena, workers.block(), tapes_.back());
    }
    for (const int i : chosen) out_.push_back(make_outputs<T>(arena, passes * batch_rows_, nets[i].shape().out));
  }

  const std::vector<Outputs<T>>& out() const { return out_; }

  // x (B, in) → rows pass·B … of the outputs.
  void run(Passes<T>& workers, Panels<const T> x, int pass, const DropoutPass& dropout) {
    const auto& k = workers.kernels();
    workers.for_networks(static_cast<int>(chosen_.size()), nets_[0].cost_per_row(),
                         [&](int worker, int i, int first, int count) {
                           const std::size_t j = i;
                           const int net = chosen_[j];
                           DropoutPass rows = dropout;
                           rows.network = net;
                           rows.first_row = first;
                           nets_[net].draw_masks(tapes_[worker], 0, count, rows);
                           nets_[net].forward(k, params_, x.rows_from(first, count), tapes_[worker], 0,
                                              out_[j].rows_from(pass * batch_rows_ + first, count));
                         });
  }

 private:
  const std::vector<Network<T>>& nets_;
  std::span<const int> chosen_;
  const T* params_;
  int batch_rows_;
  std::vector<NetworkTape<T>> tapes_;
  std::vector<Outputs<T>> out_;
};

// Q_θ̄j(s', a_k)
template <class T>
class PolyakCritics final : public TargetSource<T> {
 public:
  PolyakCritics(const LearnerState<T>& state, const WeightedActions<T>& samples, int num_outputs, int num_draws,
                std::span<const int> chosen, Passes<T>& passes, Arena& arena)
      : state_(state),
        continuous_(state.policy->continuous()),
        samples_(samples),
        num_passes_(continuous_ ? num_draws * samples.num_actions : 1),
        critics_(state.critic_nets, chosen, state.critic_target, num_passes_, passes, arena) {
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
      critics_.run(passes, x.first_cols(critic_columns(batch)).rows_from(rows, rows), pass,
                   state_.dropout_pass(DropoutUse::target, pass));
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

constexpr int kFirst[] = {0};

// V_ψ̄(s'), as the value of one action with weight 1 and log π = 0.
template <class T>
class TargetStateValue final : public TargetSource<T> {
 public:
  TargetStateValue(const LearnerState<T>& state, Passes<T>& passes, Arena& arena)
      : value_(state.value_nets, kFirst, state.value_target, 1, passes, arena) {
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
    const int rows = passes.batch_rows();
    value_.run(passes, x.first_cols(batch.obs_dim).rows_from(rows, rows), 0, {});
    return next_;
  }

 private:
  TargetPasses<T> value_;
  WeightedActions<T> alone_;
  NextValues<T> next_;
};

}  // namespace

template <class T>
std::unique_ptr<TargetSource<T>> make_target_source(const LearnerState<T>& state, const WeightedActions<T>& samples,
                                                    int num_outputs, int num_draws, std::span<const int> chosen,
                                                    Passes<T>& passes, Arena& arena) {
  if (state.value_target) return std::make_unique<TargetStateValue<T>>(state, passes, arena);
  return std::make_unique<PolyakCritics<T>>(state, samples, num_outputs, num_draws, chosen, passes, arena);
}

template <class T>
void write_actions(const WeightedActions<T>& samples, int first_sample, int k, const BatchView<T>& batch, Panels<T> x,
                   int first_row) {
  for (int b = 0; b < batch.batch_size; ++b) {
    const T* action = samples.action_row(first_sample + b, k);
    for (int d = 0; d < batch.act_dim; ++d) x.at(first_row + b, batch.obs_dim + d) = action[d];
  }
}

#define SOFTAC_INSTANTIATE(T)                                                                                          \
  template std::unique_ptr<TargetSource<T>> make_target_source(const LearnerState<T>&, const WeightedActions<T>&, int, \
                                                               int, std::span<const int>, Passes<T>&, Arena&);         \
  template void write_actions(const WeightedActions<T>&, int, int, const BatchView<T>&, Panels<T>, int);
SOFTAC_INSTANTIATE(float)
SOFTAC_INSTANTIATE(double)
#undef SOFTAC_INSTANTIATE

}  // namespace softac
