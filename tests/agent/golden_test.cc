// Ten updates in double against PyTorch's (golden/make_golden.py): losses, α, gradients and every parameter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "agent/update.h"
#include "softac/sac_settings.h"

namespace softac {
namespace {

using Json = nlohmann::json;

// SOFTAC_GOLDEN names another dump (a regenerated one, say) of all cases.
const Json& golden() {
  static const Json data = [] {
    const auto read = [](const std::string& path) {
      std::ifstream in(path);
      EXPECT_TRUE(in.good()) << path;
      return Json::parse(in);
    };
    if (const char* other = std::getenv("SOFTAC_GOLDEN")) return read(other);
    Json all = read(SOFTAC_GOLDEN_FILE);
    all["cases"].update(read(SOFTAC_GOLDEN_BATCH_NORM_FILE)["cases"]);
    return all;
  }();
  return data;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& [name, value] : golden()["cases"].items()) names.push_back(name);
  return names;
}

// A setting from the case's key of that name, where it has one.
struct FromJson {
  const Json& c;
  template <class Field>
  void operator()(const SettingInfo& info, Field&& field) const {
    using Value = std::remove_cvref_t<Field>;
    const auto found = c.find(std::string(info.name));
    if (found == c.end()) return;
    if constexpr (std::is_enum_v<Value>) {
      const auto& names = EnumNames<Value>::value;
      const auto name = std::ranges::find(names, found->get<std::string>());
      ASSERT_NE(name, names.end()) << info.name;
      field = static_cast<Value>(name - names.begin());
    } else if constexpr (requires { field.value; }) {
      // "gamma", "ent_coef" and "target_entropy" are read below.
    } else {
      field = found->get<Value>();
    }
  }
};

SacConfig make_config(const Json& c) {
  SacConfig out;
  for_each_setting(out, FromJson{c});
  if (c.contains("gamma")) out.gamma = c["gamma"];
  out.ent_coef_auto = c["ent_coef_auto"];
  out.ent_coef = c["ent_coef"];
  if (c["target_entropy"].is_null()) return out;
  out.target_entropy_rule = TargetEntropyRule::number;
  out.target_entropy = c["target_entropy"];
  return out;
}

// |got − want| ≤ 1e-9 relative to the larger of |want| and the size of the tensor that it belongs to.
void expect_near(double got, double want, double size, const std::string& what) {
  ASSERT_LE(std::fabs(got - want), 1e-9 * std::max(std::fabs(want), size))
      << what << ": " << got << " against " << want;
}

// f(element in softac's vector, PyTorch's value, largest size in its tensor) over one network.
template <class F>
void for_each_value(const ParamLayout& layout, std::size_t first_slot, const Json& layers, double* base, F f) {
  const auto each = [&](const Slot& slot, const Json& weights, const Json& biases) {
    double* data = base + slot.offset;
    const auto weight = weights.get<std::vector<double>>();
    const auto bias = biases.is_null() ? std::vector<double>{} : biases.get<std::vector<double>>();
    ASSERT_EQ(weight.size(), static_cast<std::size_t>(slot.in * slot.out));
    ASSERT_EQ(bias.size(), static_cast<std::size_t>(slot.has_bias ? slot.out : 0));
    double size = 0.0;
    for (double x : weight) size = std::max(size, std::fabs(x));
    for (double x : bias) size = std::max(size, std::fabs(x));
    for (int o = 0; o < slot.out; ++o) {
      for (int i = 0; i < slot.in; ++i)
        f(data[slot.weight_index(o, i)], weight[static_cast<std::size_t>(o * slot.in + i)], size);
      if (slot.has_bias) f(data[slot.bias_index(o)], bias[static_cast<std::size_t>(o)], size);
    }
  };
  std::size_t at = first_slot;
  for (const Json& layer : layers) {
    if (layer.contains("weight")) each(layout.slots()[at++], layer["weight"], layer.value("bias", Json()));
    if (layer.contains("norm")) each(layout.slots()[at++], layer["norm"]["gamma"], layer["norm"].value("beta", Json()));
  }
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, TenUpdatesAgreeWithPyTorch) {
  const Json& data = golden()["cases"][GetParam()];
  const SacConfig config = make_config(data["config"]);
  const int obs_dim = data["config"]["obs_dim"], act_dim = data["config"]["act_dim"], rows = config.batch_size;
  SacUpdate<double> sac(obs_dim, act_dim, config, 1, 1, "reference");
  LearnerState<double>& state = sac.state();
  const std::size_t layers = state.critic_layout.slots().size() / state.critic_nets.size();
  int compared = 0;
  const auto compare_nets = [&](const Json& nets, double* base, const std::string& what) {
    for (std::size_t i = 0; i < nets.size(); ++i) {
      for_each_value(state.critic_layout, i * layers, nets[i], base, [&](double got, double want, double size) {
        expect_near(got, want, size, what + " of critic " + std::to_string(i));
        ++compared;
      });
    }
  };
  const auto compare_value = [&](const Json& net, double* base, const std::string& what) {
    for_each_value(state.value_layout, 0, net, base, [&](double got, double want, double size) {
      expect_near(got, want, size, what);
      ++compared;
    });
  };
  const auto compare_actor = [&](const Json& net, double* base, const std::string& what) {
    for_each_value(state.actor_layout, 0, net, base, [&](double got, double want, double size) {
      expect_near(got, want, size, what);
      ++compared;
    });
  };

  const auto copy = [](double& element, double want, double) { element = want; };
  for_each_value(state.actor_layout, 0, data["actor"], state.actor.value, copy);
  for (std::size_t i = 0; i < data["critics"].size(); ++i) {
    for_each_value(state.critic_layout, i * layers, data["critics"][i], state.critic.value, copy);
    if (state.critic_target)
      for_each_value(state.critic_layout, i * layers, data["critics"][i], state.critic_target, copy);
  }
  if (data.contains("value")) {
    for (double* base : {state.value.value, state.value_target})
      for_each_value(state.value_layout, 0, data["value"], base, copy);
  }
  sac.parameters_changed();

  int step = 0;
  for (const Json& update : data["updates"]) {
    SCOPED_TRACE(GetParam() + ", update " + std::to_string(step++));
    if (update.contains("observed")) {
      const auto seen = update["observed"].get<std::vector<double>>();
      for (std::size_t first = 0; first < seen.size(); first += static_cast<std::size_t>(obs_dim))
        state.obs_norm->observe(std::span(seen).subspan(first, static_cast<std::size_t>(obs_dim)));
      for (std::size_t c = 0; c < static_cast<std::size_t>(obs_dim); ++c) {
        expect_near(state.obs_norm->mean[c], update["obs_mean"][c], 0, "mean of the observations");
        expect_near(state.obs_norm->variance[c], update["obs_var"][c], 0, "variance of the observations");
      }
    }
    if (update.contains("rewards")) {
      for (std::size_t i = 0; i < update["rewards"].size(); ++i)
        state.reward_norm->observe(0, update["rewards"][i], update["dones"][i] != 0);
      expect_near(state.reward_unit(), update["reward_unit"], 0, "unit of the rewards");
    }
    const Json& batch = update["batch"];
    const auto view = sac.batch();
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < obs_dim; ++c) {
        view.x.at(r, c) = batch["obs"][static_cast<std::size_t>(r * obs_dim + c)];
        view.x.at(rows + r, c) = batch["next_obs"][static_cast<std::size_t>(r * obs_dim + c)];
      }
      for (int k = 0; k < act_dim; ++k) {
        const auto at = static_cast<std::size_t>(r * act_dim + k);
        view.x.at(r, obs_dim + k) = batch["action"][at];
      }
      view.reward[r] = batch["reward"][static_cast<std::size_t>(r)];
      view.discount[r] = batch["discount"][static_cast<std::size_t>(r)];
    }
    // Blocks of one component's noise for B rows: at s, then for each target action.
    const auto block = static_cast<std::size_t>(rows * act_dim),
               components = static_cast<std::size_t>(config.actor_components);
    const auto blocks_of_part = static_cast<std::size_t>(1 + config.n_target_actions);
    for (std::size_t part = 0; part < components; ++part) {
      for (std::size_t n = 0; n < blocks_of_part; ++n) {
        double* eps = sac.samples().eps + (part * blocks_of_part + n) * block;
        for (std::size_t i = 0; i < block; ++i)
          eps[i] =
              n == 0 ? batch["eps"][part * block + i] : batch["next_eps"][((n - 1) * components + part) * block + i];
      }
    }
    if (update.contains("target_critics"))
      std::ranges::copy(update["target_critics"].get<std::vector<int>>(), sac.target_critics().begin());
    const UpdateMetrics metrics = sac.run_with_noise();
    EXPECT_TRUE(metrics.finite);
    expect_near(metrics.ent_coef, update["ent_coef"], 0, "alpha");
    expect_near(metrics.critic_loss, update["critic_loss"], 0, "critic loss");
    compare_nets(update["critic_grads"], state.critic.grad, "gradient");
    if (update.contains("actor_loss")) {
      expect_near(metrics.actor_loss, update["actor_loss"], 1.0, "actor loss");
      compare_actor(update["actor_grads"], state.actor.grad, "gradient of the actor");
    }
    if (update.contains("ent_coef_loss"))
      expect_near(metrics.ent_coef_loss, update["ent_coef_loss"], 1.0, "temperature loss");
    if (config.ent_coef_auto) expect_near(state.log_alpha.value[0], update["log_alpha"], 1e-2, "log alpha");
    compare_actor(update["actor"], state.actor.value, "actor");
    compare_nets(update["critics"], state.critic.value, "parameter");
    if (data.contains("value")) {
      expect_near(metrics.value_loss, update["value_loss"], 0, "value loss");
      compare_value(update["value_grads"], state.value.grad, "gradient of V");
      compare_value(update["value"], state.value.value, "V");
      compare_value(update["targets"][0], state.value_target, "target");
    } else {
      compare_nets(update["targets"], state.critic_target, "target");
    }
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_EQ(step, 10);
  EXPECT_GT(compared, 500);
}

INSTANTIATE_TEST_SUITE_P(All, Golden, testing::ValuesIn(case_names()), [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace softac
