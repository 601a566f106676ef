// softac bench gemm: the matrix products of an update, each by itself.
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "bench_measure.h"
#include "bench_what.h"
#include "math/arena.h"
#include "math/backend.h"
#include "softac/rng.h"
#include "train/build_info.h"

namespace softac::app {
namespace {

Panels<float> random_panels(Arena& arena, int rows, int cols) {
  Rng rng(1, StreamKind::test);
  auto m = arena.panels<float>(rows, cols);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) m.at(r, c) = static_cast<float>(0.1 * rng.normal());
  }
  return m;
}

}  // namespace

int bench_gemm(const BenchOptions& options) {
  Backend<float> backend("", options.threads);
  ThreadPool probe_pool(options.threads);
  const int rows = options.shape.batch_size, hidden = options.shape.hidden,
            in = options.shape.obs_dim + options.shape.act_dim;
  Arena arena;
  const auto x = random_panels(arena, rows, in), h = random_panels(arena, rows, hidden),
             d = random_panels(arena, rows, hidden);
  const auto w1 = random_panels(arena, in + 1, hidden), w2 = random_panels(arena, hidden + 1, hidden),
             wt = random_panels(arena, hidden, hidden);
  auto y = arena.panels<float>(rows, hidden), d_w = arena.panels<float>(std::max(in, hidden) + 1, hidden);

  struct Product {
    const char* name;
    double flop;
    std::function<void()> run;
  };
  const double inner = 2.0 * rows * hidden * hidden, outer = 2.0 * rows * in * hidden;
  const KernelTable<float>& k = backend.kernels();
  // Blocks of rows and panels of the gradient as in an update.
  const auto by_rows = [&](const auto& f) {
    backend.for_blocks(rows, 64, std::int64_t{hidden} * hidden, [&](int, int first, int n) { f(first, first + n); });
  };
  const auto forward = [&](const Panels<float>& a, const Panels<float>& w) {
    by_rows([&](int first, int last) {
      k.linear_forward({a.data, a.panel_stride, w.data, w.panel_stride, a.cols, num_panels(hidden), y.data,
                        y.panel_stride, nullptr, true, Activation::relu},
                       first, last);
    });
  };
  const auto weights = [&](const Panels<float>& a) {
    const int pieces = num_weight_pieces(a.cols);
    backend.for_tasks((pieces + 1) / 2, std::int64_t{rows} * a.cols * hidden, [&](int task, int) {
      k.linear_backward_weights({a.data, a.panel_stride, d.data, d.panel_stride, rows, a.cols, num_panels(hidden),
                                 d_w.data, d_w.panel_stride},
                                2 * task, std::min(2 * task + 2, pieces));
    });
  };
  const auto inputs = [&] {
    by_rows([&](int first, int last) {
      k.linear_backward_input({d.data, d.panel_stride, wt.data, wt.panel_stride, hidden, num_panels(hidden), h.data,
                               h.panel_stride, nullptr, Activation::relu, y.data, y.panel_stride},
                              first, last);
    });
  };
  const std::vector<Product> products = {
      {"forward layer 1, bias and ReLU", outer, [&] { forward(x, w1); }},
      {"forward layer 2, bias and ReLU", inner, [&] { forward(h, w2); }},
      {"d_x of layer 2, masked", inner, inputs},
      {"d_W of layer 2", inner, [&] { weights(h); }},
      {"d_W of layer 1", outer, [&] { weights(x); }},
  };
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Product& product : products) {
    std::vector<double> rate, fraction;
    for (int round = 0; round < 7; ++round) {
      const double slice = options.seconds / (7.0 * static_cast<double>(products.size()));
      const double before = fma_peak_gflops(backend.kernels(), probe_pool, 0.2 * slice);
      rate.push_back(product.flop / time_per_call(0.6 * slice, product.run) * 1e-9);
      fraction.push_back(rate.back() / (0.5 * (before + fma_peak_gflops(backend.kernels(), probe_pool, 0.2 * slice))));
    }
    list.push_back({{"product", product.name},
                    {"flop", product.flop},
                    {"gflops", median(rate)},
                    {"fraction_of_peak", median(fraction)}});
  }
  if (options.json) {
    const nlohmann::ordered_json out = {
        {"backend", backend.name()}, {"threads", backend.num_threads()}, {"cpu", cpu_model()}, {"products", list}};
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::printf("batch %d, hidden %d, inputs %d · %s, %d thread%s · %s\n", rows, hidden, in, backend.name(),
              backend.num_threads(), backend.num_threads() == 1 ? "" : "s", cpu_model().c_str());
  for (const auto& item : list) {
    std::printf("  %-32s %8.1f GFLOP/s  %.3f of the peak\n", item["product"].get<std::string>().c_str(),
                item["gflops"].get<double>(), item["fraction_of_peak"].get<double>());
  }
  return 0;
}

}  // namespace softac::app
