#include "export/graph_run.h"

#include <algorithm>
#include <cmath>

#include "base/discrete_action.h"
#include "base/elementary_scalar.h"
#include "math/activation.h"
#include "math/lane_tree.h"
#include "softac/error.h"

namespace softac {
namespace {

using Real = elementary::Scalar<float>;
using Vector = std::vector<float>;

Vector dense(const DenseStep& step, const Vector& x) {
  Vector y = step.bias;
  for (int o = 0; o < step.out; ++o) {
    const float* row = step.weight.data() + std::ptrdiff_t{o} * step.in;
    for (int i = 0; i < step.in; ++i) {
      if (!step.skip_zeros || x[i] != 0.0f) y[o] = std::fma(x[i], row[i], y[o]);
    }
  }
  return y;
}

Vector dense(const DenseStep& step, const Int16Layer& layer, const Vector& x) {
  Vector y = step.bias;
  for (int o = 0; o < step.out; ++o) {
    const std::int16_t* row = layer.weight.data() + std::ptrdiff_t{o} * step.in;
    float sum = 0.0f;
    for (int i = 0; i < step.in; ++i) {
      if (!step.skip_zeros || x[i] != 0.0f) sum = std::fma(x[i], static_cast<float>(row[i]), sum);
    }
    y[o] = std::fma(sum, layer.scale[o], y[o]);
  }
  return y;
}

Vector layer_norm(const LayerNormStep& step, const Vector& x) {
  const std::size_t size = x.size();
  const auto d = static_cast<float>(size);
  float sums[kLanes] = {}, squares[kLanes] = {};
  for (std::size_t i = 0; i < size; ++i) sums[i % kLanes] += x[i];
  const float mean = step.centred ? lane_tree(sums) / d : 0.0f;
  for (std::size_t i = 0; i < size; ++i) squares[i % kLanes] = std::fma(x[i] - mean, x[i] - mean, squares[i % kLanes]);
  const float inv_std = 1.0f / std::sqrt(lane_tree(squares) / d + step.eps);
  Vector y(size);
  for (std::size_t i = 0; i < size; ++i) y[i] = std::fma(step.gamma[i], (x[i] - mean) * inv_std, step.beta[i]);
  return y;
}

float normalise(const NormaliseStep& step, std::size_t i, float x) {
  float y = (x - step.shift[i]) * step.scale[i];
  if (step.clip > 0.0f) y = y < -step.clip ? -step.clip : y > step.clip ? step.clip : y;
  return step.gamma.empty() ? y : std::fma(step.gamma[i], y, step.beta[i]);
}

Vector log_softmax(const Vector& x) {
  const float most = *std::ranges::max_element(x);
  float sum = 0.0f;
  for (const float value : x) sum = sum + exp_of(value - most);
  const float log_sum = most + log_of(sum);
  Vector y;
  for (const float value : x) y.push_back(value - log_sum);
  return y;
}

int largest(const Vector& x) {
  int found = 0;
  for (std::size_t i = 1; i < x.size(); ++i) {
    if (x[i] > x[found]) found = static_cast<int>(i);
  }
  return found;
}

int draw(const Vector& weights, float u) {
  double sum = 0.0;
  std::size_t chosen = 0;
  for (; chosen + 1 < weights.size(); ++chosen) {
    sum += static_cast<double>(weights[chosen]);
    if (static_cast<double>(u) < sum) break;
  }
  return static_cast<int>(chosen);
}

float rescale(float x, double low, double high) {
  return static_cast<float>(std::clamp(rescale_action(static_cast<double>(x), low, high), low, high));
}

}  // namespace

struct GraphRun::Step {
  GraphRun& run;
  std::size_t at;
  std::span<const float> observation, noise;

  const std::vector<int>& inputs() const { return run.policy_.graph[static_cast<int>(at)].inputs; }
  const Vector& x(std::size_t i = 0) const { return run.vectors_[inputs()[i]]; }
  int index_input() const { return run.indices_[inputs()[1]]; }
  void put(Vector y) const { run.vectors_[at] = std::move(y); }
  template <class F>
  void each(F f) const {
    Vector y = x();
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = f(i, y[i]);
    put(std::move(y));
  }

  void operator()(const ObservationStep&) const { put({observation.begin(), observation.end()}); }
  void operator()(const NoiseStep&) const { put({noise.begin(), noise.end()}); }
  void operator()(const NormaliseStep& step) const {
    each([&](std::size_t i, float value) { return normalise(step, i, value); });
  }
  void operator()(const DenseStep& step) const {
    put(run.int16_ ? dense(step, run.int16_->at(static_cast<int>(at)), x()) : dense(step, x()));
  }
  void operator()(const LayerNormStep& step) const { put(layer_norm(step, x())); }
  void operator()(const ActivateStep& step) const {
    each([&](std::size_t, float value) { return activate(step.activation, Real(value)).v; });
  }
  void operator()(const ExpStep&) const {
    each([](std::size_t, float value) { return exp_of(value); });
  }
  void operator()(const ClampStep& step) const {
    each([&](std::size_t, float value) { return min_(Real(step.high), max_(Real(step.low), Real(value))).v; });
  }
  void operator()(const TanhMapStep& step) const {
    each([&](std::size_t, float value) {
      return std::fma(step.half_range, elementary::tanh(Real(value)).v + 1.0f, step.low);
    });
  }
  void operator()(const MultiplyAddStep&) const {
    each([&](std::size_t i, float value) { return std::fma(value, x(1)[i], x(2)[i]); });
  }
  void operator()(const AddStep&) const {
    each([&](std::size_t i, float value) { return value + x(1)[i]; });
  }
  void operator()(const DivideStep& step) const {
    each([&](std::size_t, float value) { return value / step.by; });
  }
  void operator()(const SliceStep& step) const {
    const auto first = x().begin() + step.first;
    put({first, first + step.size});
  }
  void operator()(const ShearStep&) const {
    Vector y = x();
    std::size_t n = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) y[i] = std::fma(x(1)[n++], x()[j], y[i]);
    }
    put(std::move(y));
  }
  void operator()(const LogSoftmaxStep&) const { put(log_softmax(x())); }
  void operator()(const ArgMaxStep&) const { run.indices_[at] = largest(x()); }
  void operator()(const DrawStep&) const { run.indices_[at] = draw(x(), x(1)[0]); }
  void operator()(const PickStep& step) const {
    const auto first = x().begin() + std::ptrdiff_t{index_input()} * step.size;
    put({first, first + step.size});
  }
  void operator()(const SmallestStep&) const {
    Vector y = x();
    for (std::size_t k = 1; k < inputs().size(); ++k) {
      for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] <= x(k)[i] ? y[i] : x(k)[i];
    }
    put(std::move(y));
  }
  void operator()(const GroupMeanStep& step) const {
    const std::size_t group = step.group, inputs_count = inputs().size();
    Vector y(x().size() / group, 0.0f);
    for (std::size_t a = 0; a < y.size(); ++a) {
      for (std::size_t k = 0; k < inputs_count; ++k) {
        for (std::size_t j = 0; j < group; ++j) y[a] = y[a] + x(k)[a * group + j];
      }
      y[a] = y[a] / static_cast<float>(inputs_count * group);
    }
    put(std::move(y));
  }
  void operator()(const RescaleStep& step) const {
    each([&](std::size_t i, float value) { return rescale(value, step.low[i], step.high[i]); });
  }
};

GraphRun::GraphRun(const PolicyExport& policy, const Int16Weights* int16)
    : policy_(policy),
      int16_(int16),
      needed_(policy.graph.needed(policy.outputs())),
      vectors_(needed_.size()),
      indices_(needed_.size()) {}

void GraphRun::run(std::span<const float> observation, std::span<const float> noise) {
  SOFTAC_REQUIRE(static_cast<int>(observation.size()) == policy_.spec.obs_dim, observation.size());
  SOFTAC_REQUIRE(static_cast<int>(noise.size()) == policy_.noise_size(), noise.size());
  for (std::size_t i = 0; i < needed_.size(); ++i) {
    if (needed_[i]) std::visit(Step{*this, i, observation, noise}, policy_.graph.values()[i].step);
  }
}

std::vector<float> draw_noise(const NoiseStep& step, Rng& rng) {
  std::vector<float> noise;
  for (int i = 0; i < step.normal; ++i) noise.push_back(static_cast<float>(rng.normal()));
  for (int i = 0; i < step.uniform; ++i) noise.push_back(static_cast<float>(rng.uniform()));
  for (int i = 0; i < step.gumbel; ++i) {
    const double u = rng.uniform() + 0x1p-54;
    noise.push_back(static_cast<float>(-log_of(std::max(-log_of(u), 0x1p-60))));
  }
  return noise;
}

ExportSample GraphRun::sample(std::span<const float> observation, std::span<const float> noise) {
  run(observation, noise);
  ExportSample out{{observation.begin(), observation.end()}, {noise.begin(), noise.end()}, {}, {}};
  if (policy_.discrete()) {
    out.index = index(policy_.action);
    out.logits = vector(policy_.logits);
  } else {
    out.action = vector(policy_.action);
  }
  return out;
}

}  // namespace softac
