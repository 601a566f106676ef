// Batch norm and batch renorm alone, in double: numbers from elsewhere, and what the modes have in common.
#include "nn/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace softac {
namespace {

using Rows = std::vector<std::vector<double>>;

const Rows kX = {{1, 2}, {3, 0}, {-1, 4}, {2, 1}};
const Rows kD = {{1, 0}, {0, 1}, {-1, 0.5}, {0.5, -0.5}};

// One batch norm of two features with γ = (1.5, 0.5), β = (0.1, −0.2), in training mode or by its running statistics.
struct Norm {
  Arena arena;
  const KernelTable<double>& k = *reference_table_double();
  ParamLayout layout;
  Slot slot = layout.add({"norm", 1, 2, SlotKind::norm});
  BatchNorm<double> block;
  Params<double> params;
  RunningStatistics<double> running;
  Columns<double> columns;
  BlockTape<double> tape;
  Panels<double> x, d, d_x;

  explicit Norm(const BatchNormRule& rule, int rows = 4)
      : block(slot, layout.add_statistics("norm", 2), rule, std::nullopt),
        params(arena, layout.size()),
        running(arena, layout, rule.eps),
        columns(arena, layout.statistics_size()),
        tape(block.make_tape(arena, rows)),
        x(arena.panels<double>(rows, 2)),
        d(arena.panels<double>(rows, 2)),
        d_x(arena.panels<double>(rows, 2)) {
    for (int c = 0; c < 2; ++c) {
      params.value[slot.weight_index(c, 0)] = c == 0 ? 1.5 : 0.5;
      params.value[slot.bias_index(c)] = c == 0 ? 0.1 : -0.2;
      for (int r = 0; r < rows; ++r) x.at(r, c) = kX[static_cast<std::size_t>(r % 4)][static_cast<std::size_t>(c)];
      for (int r = 0; r < rows; ++r) d.at(r, c) = kD[static_cast<std::size_t>(r % 4)][static_cast<std::size_t>(c)];
    }
  }
  void forward(bool training = true) {
    if (training) {
      block.forward_columns(k, x, &running, true, columns, 0);
      running.passes += 1;
    }
    block.forward(k, {params.value, training ? &columns : &running.evaluation}, x, false, tape, 0);
  }
  void backward() {
    block.backward_columns(k, params.value, tape, d, columns, params.grad, 0);
    block.backward(k, {params.value, &columns}, {}, tape, {}, d, {}, d_x);
  }
  double d_gamma(int c) const { return params.grad[slot.weight_index(c, 0)]; }
  double d_beta(int c) const { return params.grad[slot.bias_index(c)]; }
};

void expect_rows(Panels<double> found, const Rows& expected) {
  for (std::size_t r = 0; r < expected.size(); ++r) {
    for (std::size_t c = 0; c < 2; ++c)
      EXPECT_NEAR(found.at(static_cast<int>(r), static_cast<int>(c)), expected[r][c], 6e-11) << r << ' ' << c;
  }
}

TEST(BatchNormBlock, AgreesWithNumbersFromElsewhere) {
  Norm norm({.eps = 1e-3});
  norm.forward();
  norm.backward();
  expect_rows(norm.tape.y, {{-0.1534883428, -0.1155038857},
                            {1.8744183999, -0.7914728},
                            {-2.1813950856, 0.5604650285},
                            {0.8604650285, -0.4534883428}});
  expect_rows(norm.d_x, {{0.9559817399, -0.0820830427},
                         {-0.6081519507, 0.2365968418},
                         {-0.5217446837, 0.1062137585},
                         {0.1739148946, -0.2607275576}});
  EXPECT_NEAR(norm.d_gamma(0), 1.6054261714, 6e-11);
  EXPECT_NEAR(norm.d_gamma(1), -0.1689922286, 6e-11);
  EXPECT_NEAR(norm.d_beta(0), 0.5, 1e-15);
  EXPECT_NEAR(norm.d_beta(1), 1.0, 1e-15);
  EXPECT_NEAR(norm.running.mean[0], 0.0125, 1e-15);
  EXPECT_NEAR(norm.running.mean[1], 0.0175, 1e-15);
  EXPECT_NEAR(norm.running.variance[0], 1.011875, 1e-15);

  Norm smaller({.eps = 1e-5, .unbiased = true});
  smaller.forward();
  smaller.backward();
  expect_rows(smaller.tape.y, {{-0.1535456969, -0.1154847677}});
  expect_rows(smaller.d_x, {{0.9562291708, -0.0821005224}});
  EXPECT_NEAR(smaller.d_gamma(0), 1.6057894136, 6e-11);
  EXPECT_NEAR(smaller.d_gamma(1), -0.1690304646, 6e-11);
  EXPECT_NEAR(smaller.running.variance[1], 1.0191666667, 6e-11);
}

// Rows 2 and 3 are the half at s', which has no part in the loss: their gradient comes through the statistics.
TEST(BatchNormBlock, SpreadsTheGradientOverAJointBatch) {
  Norm norm({.eps = 1e-3});
  for (int r = 2; r < 4; ++r) norm.d.at(r, 0) = norm.d.at(r, 1) = 0.0;
  norm.forward();
  norm.backward();
  expect_rows(norm.d_x, {{0.7532258138, -0.0676046133},
                         {-0.2028138398, 0.1352478357},
                         {-0.3186412754, 0.0675273950},
                         {-0.2317706987, -0.1351706174}});
}

TEST(BatchRenormBlock, AgreesWithNumbersFromElsewhere) {
  Norm norm({.eps = 1e-3, .renorm = true, .warmup_passes = 0});
  norm.running.mean[0] = 0.5, norm.running.mean[1] = 2.5;
  norm.running.variance[0] = 1, norm.running.variance[1] = 4;
  norm.running.refresh(0, 2);
  norm.forward(false);  // by the running statistics
  const Rows y = {{0.8496252810, -0.3249843779},
                  {3.8481264051, -0.8249218896},
                  {-2.1488758430, 0.1749531338},
                  {2.3488758430, -0.5749531338}};
  expect_rows(norm.tape.y, y);
  norm.forward();
  norm.backward();
  EXPECT_NEAR(norm.columns.scale[0], 1.4786188442, 6e-11);
  EXPECT_NEAR(norm.columns.scale[1], 0.7395865419, 6e-11);
  EXPECT_NEAR(norm.columns.shift[0], 0.7496252810, 6e-11);
  EXPECT_NEAR(norm.columns.shift[1], -0.3749531338, 6e-11);
  expect_rows(norm.tape.y, y);  // nothing was clipped
  expect_rows(norm.d_x, {{1.4135326152, -0.0607075137},
                         {-0.8992249344, 0.1749838401},
                         {-0.7714615212, 0.0785542663},
                         {0.2571538404, -0.1928305927}});
  EXPECT_NEAR(norm.d_gamma(0), 2.7486260304, 6e-11);
  EXPECT_NEAR(norm.d_gamma(1), -0.4999375117, 6e-11);
}

TEST(BatchRenormBlock, IsHeldWithinItsBounds) {
  Norm norm({.eps = 1e-3, .renorm = true, .warmup_passes = 0});
  norm.running.mean[0] = 1000, norm.running.variance[1] = 1e-6;
  norm.running.variance[0] = 1e6, norm.running.mean[1] = -1000;
  norm.forward();
  EXPECT_DOUBLE_EQ(norm.columns.scale[0], 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(norm.columns.scale[1], 3.0);
  EXPECT_NEAR(norm.columns.shift[0], -0.99875, 1e-9);
  EXPECT_DOUBLE_EQ(norm.columns.shift[1], 5.0);
}

// Before its warm-up a batch renorm is a batch norm bit for bit; behind it, with running statistics that are the
// batch's, r = 1 and d = 0.
TEST(BatchRenormBlock, IsABatchNormAtFirst) {
  Norm plain({.momentum = 0.0}), renorm({.momentum = 0.0, .renorm = true, .warmup_passes = 2});
  for (int pass = 0; pass < 4; ++pass) {
    for (Norm* norm : {&plain, &renorm}) norm->forward(), norm->backward();
    for (int r = 0; r < 4; ++r) {
      for (int c = 0; c < 2; ++c) {
        EXPECT_EQ(plain.tape.y.at(r, c), renorm.tape.y.at(r, c)) << pass;
        EXPECT_EQ(plain.d_x.at(r, c), renorm.d_x.at(r, c)) << pass;
      }
    }
    EXPECT_EQ(renorm.columns.scale[0], 1.0);
    EXPECT_EQ(renorm.columns.shift[0], 0.0);
  }
  renorm.x.at(0, 0) = 7.0;
  renorm.forward();
  EXPECT_NE(renorm.columns.scale[0], 1.0);
}

// With running statistics that are the batch's own, evaluation mode puts out what training mode does.
TEST(BatchNormBlock, ModesAgreeOnTheSameStatistics) {
  Norm norm({.momentum = 0.0});
  norm.forward();
  Rows y;
  for (int r = 0; r < 4; ++r) y.push_back({norm.tape.y.at(r, 0), norm.tape.y.at(r, 1)});
  norm.forward(false);
  for (int r = 0; r < 4; ++r) {
    for (int c = 0; c < 2; ++c)
      EXPECT_EQ(norm.tape.y.at(r, c), y[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)]);
  }
}

// A feature that is constant over the batch, a dead unit say, is β in both norms, and has a finite gradient.
TEST(BatchNormBlock, ConstantFeaturesAreNeverNaN) {
  for (const bool renorm : {false, true}) {
    Norm norm({.eps = 1e-5, .renorm = renorm, .warmup_passes = 0});
    for (int r = 0; r < 4; ++r) norm.x.at(r, 0) = 0.0, norm.x.at(r, 1) = 3.0;
    for (int pass = 0; pass < 3; ++pass) norm.forward(), norm.backward();
    for (int r = 0; r < 4; ++r) {
      EXPECT_NEAR(norm.tape.y.at(r, 0), 0.1, 1e-12);
      for (int c = 0; c < 2; ++c) EXPECT_TRUE(std::isfinite(norm.d_x.at(r, c)) && std::isfinite(norm.tape.y.at(r, c)));
    }
    EXPECT_TRUE(std::isfinite(norm.d_gamma(0)) && std::isfinite(norm.d_gamma(1)));
  }
}

// A joint batch's rows may come in any order; every row twice changes neither outputs nor mean losses.
TEST(BatchNormBlock, RowsMayBeDoubled) {
  Norm once({}, 4), twice({}, 8);
  for (Norm* norm : {&once, &twice}) norm->forward(), norm->backward();
  for (int r = 0; r < 8; ++r) {
    for (int c = 0; c < 2; ++c) {
      EXPECT_NEAR(twice.tape.y.at(r, c), once.tape.y.at(r % 4, c), 1e-14);
      EXPECT_NEAR(twice.d_x.at(r, c), once.d_x.at(r % 4, c), 1e-14);
    }
  }
  EXPECT_NEAR(twice.d_gamma(0), 2 * once.d_gamma(0), 1e-13);
}

}  // namespace
}  // namespace softac
