#include "bench_axes.h"

#include <algorithm>

#include "agent/update.h"
#include "bench_flop.h"
#include "bench_synthetic.h"
#include "softac/vec_env.h"
#include "train/collector.h"

namespace softac::app {
namespace {

void fill_batch(BatchView<float> batch) {
  Rng rng(1, StreamKind::test);
  for (int r = 0; r < 2 * batch.batch_size; ++r) {
    for (int c = 0; c < batch.obs_dim + batch.act_dim; ++c) {
      batch.x.at(r, c) = static_cast<float>(c < batch.obs_dim ? rng.normal() : rng.uniform(-1, 1));
    }
  }
  for (int b = 0; b < batch.batch_size; ++b) {
    batch.reward[b] = static_cast<float>(rng.normal());
    batch.discount[b] = 0.99f;
  }
}

AxisPoint update_point(double value, int obs_dim, int act_dim, const SacConfig& config, int threads) {
  auto sac = std::make_shared<SacUpdate<float>>(obs_dim, act_dim, config, 1, threads, "");
  fill_batch(sac->batch());
  return {value, static_cast<double>(flop_per_update(obs_dim, act_dim, config)), [sac] { sac->run(); }};
}

// An axis of updates; change(config, obs_dim, value) sets the size that grows.
template <class Change>
Axis update_axis(const BenchOptions& options, const char* name, const char* label, const std::vector<int>& values,
                 Change change) {
  Axis axis{name, label, "update", "ms", {}};
  for (const int value : values) {
    SacConfig config = config_of(options.shape);
    int obs_dim = options.shape.obs_dim;
    change(config, obs_dim, value);
    axis.points.push_back(update_point(value, obs_dim, options.shape.act_dim, config, options.threads));
  }
  return axis;
}

// Around the shape's own size: a quarter of it up to eight times.
std::vector<int> around(int size) {
  std::vector<int> values;
  for (const double factor : {0.25, 0.5, 1.0, 2.0, 4.0, 8.0}) {
    const int value = static_cast<int>(size * factor);
    if (value >= 1 && (values.empty() || value > values.back())) values.push_back(value);
  }
  return values;
}

// A vector step of n environments and the n updates that follow it (train_freq = gradient_steps = 1).
struct VectorStep {
  VecEnv envs;
  SacAgent agent;
  ReplayBuffer replay;
  Collector collector;
  Rng rng{1, StreamKind::test};

  static VecEnv make_envs(const std::string& id, int count, int threads) {
    std::vector<std::unique_ptr<Env>> envs;
    for (int i = 0; i < count; ++i) envs.push_back(make_env(id));
    VecEnvOptions vec_options;
    vec_options.num_threads = threads;
    return {std::move(envs), vec_options};
  }
  static ReplayShape replay_shape(const VecEnv& envs) {
    ReplayShape shape;
    shape.obs_dim = envs.spec().obs_dim;
    shape.act_dim = envs.spec().act_dim;
    shape.num_envs = envs.num_envs();
    shape.buffer_size = 10'000;
    return shape;
  }

  VectorStep(const BenchOptions& options, const SacConfig& config, int count)
      : envs(make_envs(options.env_id, count, options.threads)),
        agent(envs.spec().obs_dim, envs.spec().act_dim, config, 1, options.threads),
        replay(replay_shape(envs)),
        collector(envs, agent, replay, 1) {
    envs.reset();
    for (int i = 0; i < 1000 / count + 1; ++i) collector.step(true);
  }

  void run() {
    collector.step(false);
    for (int i = 0; i < envs.num_envs(); ++i) {
      replay.sample(rng, agent.batch());
      agent.update();
    }
  }
};

Axis envs_axis(const BenchOptions& options) {
  Axis axis{"n_envs", "environments (" + options.env_id + ")", "vector step with its updates", "ms", {}};
  const SacConfig config = config_of(options.shape);
  for (const int count : {1, 2, 4, 8, 16}) {
    auto step = std::make_shared<VectorStep>(options, config, count);
    const auto& spec = step->envs.spec();
    axis.points.push_back({static_cast<double>(count),
                           count * static_cast<double>(flop_per_update(spec.obs_dim, spec.act_dim, config)),
                           [step] { step->run(); }});
  }
  return axis;
}

Axis fill_axis(const BenchOptions& options) {
  Axis axis{"replay_fill", "transitions in replay", "sample", "us", {}};
  const Shape& shape = options.shape;
  struct Sampling {
    std::unique_ptr<ReplayBuffer> replay;
    Arena arena;
    BatchView<float> batch;
    Rng rng{1, StreamKind::test};
  };
  for (const std::int64_t fill : {1'000, 10'000, 100'000, 1'000'000}) {
    auto sampling = std::make_shared<Sampling>();
    const std::size_t rows = shape.batch_size;
    sampling->replay = filled_replay(shape.obs_dim, shape.act_dim, fill);
    Arena& arena = sampling->arena;
    sampling->batch = {arena.panels<float>(2 * shape.batch_size, shape.obs_dim + shape.act_dim),
                       arena.take<float>(rows),
                       arena.take<float>(rows),
                       shape.batch_size,
                       shape.obs_dim,
                       shape.act_dim};
    axis.points.push_back(
        {static_cast<double>(fill), 0.0, [sampling] { sampling->replay->sample(sampling->rng, sampling->batch); }});
  }
  return axis;
}

}  // namespace

std::vector<std::function<Axis()>> scale_axes(const BenchOptions& options) {
  const Shape shape = options.shape;
  const auto depths = std::vector<int>{1, 2, 3, 4, 6, 8};
  std::vector<int> observations;
  for (int factor = 1; factor <= 32; factor *= 2) observations.push_back(shape.obs_dim * factor);
  return {
      [=] {
        return update_axis(options, "batch_size", "batch size", around(shape.batch_size),
                           [](SacConfig& config, int&, int value) { config.batch_size = value; });
      },
      [=] {
        return update_axis(options, "width", "width of both hidden layers", around(shape.hidden),
                           [](SacConfig& config, int&, int value) {
                             config.net_arch = {value, value};
                           });
      },
      [=] {
        return update_axis(options, "depth", "hidden layers", depths, [shape](SacConfig& config, int&, int value) {
          config.net_arch = std::vector<int>(static_cast<std::size_t>(value), shape.hidden);
        });
      },
      [=] {
        return update_axis(options, "obs_dim", "observation size", observations,
                           [](SacConfig&, int& obs_dim, int value) { obs_dim = value; });
      },
      [=] {
        return update_axis(options, "n_critics", "critics", {1, 2, 3, 4, 6, 8},
                           [](SacConfig& config, int&, int value) { config.n_critics = value; });
      },
      [=] { return envs_axis(options); },
      [=] { return fill_axis(options); },
  };
}

}  // namespace softac::app
