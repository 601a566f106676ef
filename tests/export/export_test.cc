// A policy's graph is how the learner acts; what has no description or is not finite is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "export/c_code.h"
#include "export/c_text.h"
#include "export/graph_run.h"
#include "export/onnx.h"
#include "formats/protobuf.h"
#include "nn/network.h"
#include "policy/gaussian.h"
#include "variants.h"

namespace softac {
namespace {

using testing::HasSubstr;
using testing::Not;

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class Export : public testing::TestWithParam<test::ExportVariant> {};

TEST_P(Export, GraphActsAsTheLearner) {
  SacAgent agent = test::export_agent(GetParam());
  for (const bool stochastic : {false, true}) {
    const PolicyExport policy = test::export_of(agent, GetParam(), stochastic);
    GraphRun run(policy);
    Rng rng(3, StreamKind::test);
    for (std::uint32_t r = 0; r < 50; ++r) {
      std::vector<float> obs;
      for (int i = 0; i < GetParam().obs_dim; ++i) obs.push_back(test::observation_value(rng));
      Rng act_rng(9, StreamKind::act, r);
      Rng noise_rng = act_rng;
      const std::vector<float> noise = draw_noise(policy.noise, noise_rng);
      const std::vector<float> expected = test::acted(agent, policy.spec, obs, stochastic ? &act_rng : nullptr);
      const ExportSample sample = run.sample(obs, noise);
      if (policy.discrete())
        EXPECT_EQ(sample.index, static_cast<int>(expected[0]));
      else
        EXPECT_EQ(sample.action, expected);
    }
  }
}

TEST_P(Export, ProbabilitiesAreTheLearners) {
  SacAgent agent = test::export_agent(GetParam());
  if (agent.config().num_actions == 0) return;
  const PolicyExport policy = test::export_of(agent, GetParam(), false);
  GraphRun run(policy);
  const std::vector<float> obs(GetParam().obs_dim, 0.5f);
  std::vector<float> expected(agent.config().num_actions);
  agent.action_probabilities(obs, 1, expected);
  run.run(obs, {});
  EXPECT_EQ(run.vector(policy.probabilities), expected);
}

// With weights of 16 bits the action stays near.
TEST_P(Export, Int16StaysNear) {
  SacAgent agent = test::export_agent(GetParam());
  const PolicyExport policy = test::export_of(agent, GetParam(), false);
  if (policy.discrete()) return;
  const Int16Weights weights = to_int16(policy.graph);
  GraphRun exact(policy), rounded(policy, &weights);
  Rng rng(3, StreamKind::test);
  bool differs = false;
  for (int r = 0; r < 20; ++r) {
    std::vector<float> obs;
    for (int i = 0; i < GetParam().obs_dim; ++i) obs.push_back(test::observation_value(rng));
    const ExportSample a = exact.sample(obs, {}), b = rounded.sample(obs, {});
    for (std::size_t i = 0; i < a.action.size(); ++i) {
      EXPECT_NEAR(a.action[i], b.action[i], 0.02 * policy.half_range()[i]);
      differs = differs || a.action[i] != b.action[i];
    }
  }
  EXPECT_TRUE(differs);
}

INSTANTIATE_TEST_SUITE_P(All, Export, testing::ValuesIn(test::export_variants()),
                         [](const auto& variant) { return variant.param.name; });

// A policy and a block that say nothing of how they act.
class SilentPolicy final : public GaussianPolicy<float> {
 public:
  using GaussianPolicy::GaussianPolicy;
  ActingValues describe(PolicyGraph& graph, const std::vector<int>& parts) const override {
    return Policy<float>::describe(graph, parts);
  }
};

TEST(NoDescription, IsNamed) {
  PolicyGraph graph;
  const SilentPolicy policy(gaussian_shape(2, {}));
  EXPECT_EQ(message_of([&] { policy.describe(graph, {}); }),
            "this policy cannot be exported: the policy with the head (mu, log_std) does not say how it acts");
  ParamLayout layout;
  const Network<float> net("value", {3, {4}, 1}, layout);
  const int x = graph.add(ObservationStep{3});
  const std::vector<float> params(static_cast<std::size_t>(layout.size()));
  EXPECT_THAT(message_of([&] {
                net.describe(graph, params.data(), x, {{"output", 1}});
              }),
              HasSubstr("an output layer of one column (value.output)"));
}

TEST(NotFinite, IsNamed) {
  const test::ExportVariant variant{"nan", 5, 3, {}};
  SacAgent agent(5, 3, {}, 1);
  for (TensorRef& tensor : agent.model_tensors()) {
    if (tensor.name != "actor.mu.bias") continue;
    tensor.write(std::vector<float>{0.0f, std::numeric_limits<float>::quiet_NaN(), 0.0f});
  }
  EXPECT_THROW(test::export_of(agent, variant, false), NumericsError);
  EXPECT_THAT(message_of([&] { test::export_of(agent, variant, false); }), HasSubstr("actor.mu is not finite"));
}

TEST(Graph, RefusesWhatDoesNotFit) {
  PolicyGraph graph;
  const int x = graph.add(ObservationStep{3}), y = graph.add(NoiseStep{2, 0, 0});
  EXPECT_THROW(graph.add(AddStep{}, {x, y}), ContractError);
  EXPECT_THROW(graph.add(SliceStep{2, 2}, {x}), ContractError);
  EXPECT_THROW(graph.add(ExpStep{}, {7}), ContractError);
  EXPECT_THROW(graph.add(DenseStep{2, 1, {1.0f, 1.0f}, {0.0f}, false}, {x}), ContractError);
  EXPECT_THROW(graph.add(NormaliseStep{{1.0f}, {1.0f}, 0.0f}, {x}), ContractError);
}

TEST(Protobuf, WritesTheWireFormat) {
  ProtoMessage inner, message;
  inner.add(1, std::int64_t{150});
  EXPECT_EQ(inner.bytes(), "\x08\x96\x01");
  message.add(3, inner);
  message.add(2, "testing");
  message.add(20, std::int64_t{-1});
  message.add(5, 1.0f);
  EXPECT_EQ(message.bytes(), std::string_view("\x1a\x03\x08\x96\x01\x12\x07testing\xa0\x01\xff\xff\xff\xff\xff\xff\xff"
                                              "\xff\xff\x01\x2d\0\0\x80?",
                                              31));
}

TEST(CText, ReadsBackToTheSameBits) {
  EXPECT_EQ(c_float(1.0f), "1.0f");
  EXPECT_EQ(c_float(0.1f), "0.1f");
  EXPECT_EQ(c_float(-1e-30f), "-1e-30f");
  EXPECT_EQ(c_double(0.4000000059604645), "0.4000000059604645");
  EXPECT_EQ(c_comment_text("a */ b\nc /* d ?\?/"), "a *  b c /  d   /");
}

TEST(CCode, KnowsIdentifiers) {
  for (const char* good : {"policy", "_a1", "Walker"}) EXPECT_TRUE(is_c_identifier(good)) << good;
  for (const char* bad : {"", "1a", "a-b", "float", "a b", "é"}) EXPECT_FALSE(is_c_identifier(bad)) << bad;
}

// Words of an environment cannot end a comment or change a name.
TEST(CCode, KeepsWordsInsideComments) {
  test::ExportVariant variant{"words", 2, 1, {}};
  variant.config.net_arch = {4};
  SacAgent agent = test::export_agent(variant);
  PolicyExport policy = test::export_of(agent, variant, false);
  policy.spec.obs_names = {"a */ int x; /*", "b@c\\"};
  const CFiles files = encode_c(policy, "walker", "walker.h");
  EXPECT_THAT(files.header, Not(HasSubstr("a */ int")));
  EXPECT_THAT(files.header, HasSubstr("b@c"));
  EXPECT_THAT(files.header, HasSubstr("void walker_act(const float *observation, float *action);"));
  EXPECT_THAT(files.source, Not(HasSubstr("@")));

  policy.spec.obs_names.clear();
  EXPECT_THAT(encode_c(policy, "walker", "walker.h").header, HasSubstr("observation: 2 numbers\n"));
}

}  // namespace
}  // namespace softac
