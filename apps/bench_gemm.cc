// softac bench gemm: the matrix products of an update, one at a time, beside oneDNN and OpenBLAS where installed.
//
// softac's kernels do more than a product (bias and ReLU forward, the mask of ReLU in the input's gradient, the bias's
// gradient beside the weights') and keep one order of every sum; the libraries do the bare product. Where zeros are
// left out, operations are counted as if they were not.
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>

#include "base/json.h"
#include "bench_blas.h"
#include "bench_probe.h"
#include "bench_what.h"
#include "math/arena.h"
#include "math/backend.h"
#include "run/build_info.h"
#include "softac/rng.h"

namespace softac::app {
namespace {

constexpr int kRounds = 7;
constexpr int kBlockRows = 64;  // rows of x that one thread takes at a time, as in an update

// One linear layer of a batch, its data in softac's layout and row-major. Of x and d_y the share `nonzero` is not zero.
struct Layer {
  int rows, in, out;
  double nonzero;
  Arena arena;
  Panels<float> x, y, w, wt, d_y, d_x, d_w;
  float *row_a, *row_b, *row_c;

  Layer(int rows_, int in_, int out_, double nonzero_) : rows(rows_), in(in_), out(out_), nonzero(nonzero_) {
    Rng rng(1, StreamKind::test);
    const auto filled = [&](int r, int c, double share) {
      auto m = arena.panels<float>(r, c);
      for (int i = 0; i < r; ++i) {
        for (int j = 0; j < c; ++j)
          m.at(i, j) = rng.uniform() < share ? static_cast<float>(rng.uniform(-0.1, 0.1)) : 0.0f;
      }
      return m;
    };
    x = filled(rows, in, nonzero);
    w = filled(in + 1, out, 1.0);
    wt = filled(out, in, 1.0);
    d_y = filled(rows, out, nonzero);
    y = arena.panels<float>(rows, out);
    d_x = arena.panels<float>(rows, in);
    d_w = arena.panels<float>(in + 1, out);
    const std::size_t most = std::max({rows, in, out});
    for (float** m : {&row_a, &row_b, &row_c}) {
      *m = arena.take<float>(most * most);
      for (std::size_t i = 0; i < most * most; ++i) (*m)[i] = static_cast<float>(rng.uniform(-0.1, 0.1));
    }
  }
};

void weight_gradient(const KernelTable<float>& k, ThreadPool& pool, const LinearBackwardWeights<float>& g) {
  const int pieces = num_weight_pieces(g.k, g.out_panels, g.skip_zeros),
            parts = std::min(pieces, 4 * pool.num_threads());
  pool.run(parts, [&](int part) { k.linear_backward_weights(g, pieces * part / parts, pieces * (part + 1) / parts); });
}

struct Case {
  std::string name;
  Product product;  // of the libraries
  std::function<void()> run;
};

std::vector<Case> cases_of(Layer& l, const KernelTable<float>& k, ThreadPool& pool) {
  const auto by_rows = [&](auto f) {
    pool.run((l.rows + kBlockRows - 1) / kBlockRows,
             [&](int part) { f(part * kBlockRows, std::min((part + 1) * kBlockRows, l.rows)); });
  };
  LinearForward<float> forward{l.x.data,          l.x.panel_stride, l.w.data,         l.w.panel_stride, l.in,
                               num_panels(l.out), l.y.data,         l.y.panel_stride, nullptr,          true,
                               Activation::relu,  l.nonzero < 1.0};
  LinearBackwardInput<float> input{};
  input.d_y = l.d_y.data;
  input.d_y_stride = l.d_y.panel_stride;
  input.wt = l.wt.data;
  input.wt_stride = l.wt.panel_stride;
  input.n = l.out;
  input.out_panels = num_panels(l.in);
  input.saved = l.x.data;
  input.saved_stride = l.x.panel_stride;
  input.activation = Activation::relu;
  input.d_x = l.d_x.data;
  input.d_x_stride = l.d_x.panel_stride;
  input.skip_zeros = l.nonzero < 1.0;
  const LinearBackwardWeights<float> weights{
      l.x.data, l.x.panel_stride,  l.d_y.data, l.d_y.panel_stride, l.rows,
      l.in,     num_panels(l.out), l.d_w.data, l.d_w.panel_stride, l.nonzero < 1.0};
  return {
      {"forward", {l.rows, l.out, l.in}, [=, &k] { by_rows([&](int a, int b) { k.linear_forward(forward, a, b); }); }},
      {"d_x",
       {l.rows, l.in, l.out, false, true},
       [=, &k] { by_rows([&](int a, int b) { k.linear_backward_input(input, a, b); }); }},
      {"d_W", {l.in, l.out, l.rows, true, false}, [=, &k, &pool] { weight_gradient(k, pool, weights); }},
  };
}

}  // namespace

int bench_gemm(const BenchOptions& options) {
  const KernelTable<float>& table = select_kernels<float>("");
  ThreadPool pool(options.threads);
  const BlasSearch blas = find_blas(pool.num_threads());
  const int batch = options.shape.batch_size, hidden = options.shape.hidden,
            in = options.shape.obs_dim + options.shape.act_dim;
  struct Size {
    int rows, in, out;
    double nonzero;
  };
  const std::vector<Size> shapes = {{batch, in, hidden, 1.0},
                                    {batch, hidden, hidden, 1.0},
                                    {batch, hidden, hidden, 0.5},
                                    {batch, hidden, hidden, 0.3},
                                    {batch, hidden, hidden, 0.1},
                                    {2 * batch, 2 * hidden, 2 * hidden, 1.0},
                                    {4 * batch, 4 * hidden, 4 * hidden, 1.0}};
  const double slice = options.seconds / (kRounds * 3.0 * static_cast<double>(shapes.size()) *
                                          (1.0 + static_cast<double>(blas.found.size())));

  Json list = Json::array();
  std::vector<bool> all_disturbed;
  for (const auto& [rows, from, to, nonzero] : shapes) {
    Layer layer(rows, from, to, nonzero);
    for (const Case& c : cases_of(layer, table, pool)) {
      const double flop = 2.0 * c.product.m * c.product.n * c.product.k;
      RoundWatch rounds(table, pool, 0.3 * slice);
      std::vector<double> own, fraction;
      std::vector<std::vector<double>> others(blas.found.size());
      c.run();
      for (const auto& b : blas.found) b->multiply(c.product, layer.row_a, layer.row_b, layer.row_c);
      for (int round = 0; round < kRounds; ++round) {
        rounds.begin();
        own.push_back(flop / time_per_call(slice, c.run) * 1e-9);
        for (std::size_t i = 0; i < blas.found.size(); ++i) {
          others[i].push_back(flop * 1e-9 / time_per_call(slice, [&] {
                                blas.found[i]->multiply(c.product, layer.row_a, layer.row_b, layer.row_c);
                              }));
        }
        rounds.end();
        fraction.push_back(own.back() / rounds.peak());
      }
      const std::vector<bool> disturbed = rounds.disturbed();
      all_disturbed.insert(all_disturbed.end(), disturbed.begin(), disturbed.end());
      Json item = {{"product", c.name},
                   {"rows", rows},
                   {"in", from},
                   {"out", to},
                   {"nonzero", nonzero},
                   {"flop", flop},
                   {"gflops", quiet_spread(own, disturbed).median},
                   {"peak_gflops", rounds.peaks().median},
                   {"fraction_of_peak", quiet_spread(fraction, disturbed).median}};
      for (std::size_t i = 0; i < blas.found.size(); ++i)
        item["others"][blas.found[i]->name()] = quiet_spread(others[i], disturbed).median;
      for (const std::string& name : blas.missing) item["others"][name] = nullptr;
      list.push_back(item);
    }
  }
  const Verdict quiet = verdict(all_disturbed);
  Json libraries;
  for (const auto& b : blas.found) libraries[b->name()] = b->version();
  for (const std::string& name : blas.missing) libraries[name] = "not installed";
  const Json out = {{"backend", table.name},
                    {"threads", pool.num_threads()},
                    {"cpu", cpu_model()},
                    {"libraries", libraries},
                    {"rounds", quiet.rounds},
                    {"disturbed_rounds", quiet.disturbed},
                    {"bad_spell", quiet.bad_spell()},
                    {"products", list}};
  if (options.json) {
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::printf("matrix products · %s, %d thread%s · %s\n", table.name, pool.num_threads(),
              pool.num_threads() == 1 ? "" : "s", cpu_model().c_str());
  for (const auto& [name, version] : libraries.items())
    std::printf("  %s: %s\n", name.c_str(), version.get<std::string>().c_str());
  std::printf("  %-8s %18s %8s %10s %8s", "product", "rows x in x out", "not zero", "GFLOP/s", "of peak");
  for (const auto& [name, version] : libraries.items()) std::printf(" %10s", name.c_str());
  std::printf("\n");
  for (const auto& item : list) {
    const std::string size = std::to_string(item["rows"].get<int>()) + " x " + std::to_string(item["in"].get<int>()) +
                             " x " + std::to_string(item["out"].get<int>());
    std::printf("  %-8s %18s %7.0f%% %10.1f %8.3f", item["product"].get<std::string>().c_str(), size.c_str(),
                100.0 * item["nonzero"].get<double>(), item["gflops"].get<double>(),
                item["fraction_of_peak"].get<double>());
    for (const auto& [name, rate] : item["others"].items()) {
      if (rate.is_null())
        std::printf(" %10s", "-");
      else
        std::printf(" %10.1f", rate.get<double>());
    }
    std::printf("\n");
  }
  print_disturbance(quiet.rounds, quiet.disturbed);
  return 0;
}

}  // namespace softac::app
