// Writes every variant in every format, with observations and the learner's own actions there.
//
// write_exports FOLDER {quick|presets|recorded} ROWS: FOLDER/NAME/ holds policy.{c,h,onnx,safetensors,npz} (stochastic
// ones with act and draw), plain.onnx (deterministic), int16.{c,h} and cases.npz: observation, noise, action, drawn.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>

#include "base/atomic_file.h"
#include "export/c_code.h"
#include "export/graph_run.h"
#include "export/onnx.h"
#include "export/tensors.h"
#include "softac/vec_env.h"
#include "variants.h"

namespace softac::test {
namespace {

// The states of a variant: random ones, or those of an environment under the deterministic policy.
class States {
 public:
  States(const ExportVariant& variant, SacAgent& agent) : agent_(agent), obs_dim_(variant.obs_dim) {
    if (variant.env.empty()) return;
    std::vector<std::unique_ptr<Env>> envs;
    envs.push_back(make_env(variant.env));
    env_ = std::make_unique<VecEnv>(std::move(envs), VecEnvOptions{.seed = 3});
    env_->reset();
  }
  std::vector<float> next() {
    std::vector<float> obs;
    if (!env_) {
      for (int i = 0; i < obs_dim_; ++i) obs.push_back(observation_value(rng_));
      return obs;
    }
    obs.assign(env_->obs().begin(), env_->obs().end());
    std::vector<float> action(env_->spec().act_dim);
    agent_.act(obs, 1, true, rng_, action);
    env_->step(action);
    return obs;
  }

 private:
  SacAgent& agent_;
  int obs_dim_;
  Rng rng_{5, StreamKind::test};
  std::unique_ptr<VecEnv> env_;
};

void write_variant(const ExportVariant& variant, const Path& dir, int rows) {
  FileSystem& fs = posix_file_system();
  fs.make_directories(dir);
  SacAgent agent = export_agent(variant);
  PolicyExport plain = export_of(agent, variant, false), policy = export_of(agent, variant, true);
  GraphRun run(policy), plain_run(plain);
  States states(variant, agent);
  std::vector<float> observation, noise, action, drawn, logits;
  for (int r = 0; r < rows; ++r) {
    const std::vector<float> obs = states.next();
    Rng act_rng(9, StreamKind::act, static_cast<std::uint32_t>(r));
    Rng noise_rng = act_rng;
    const std::vector<float> eps = draw_noise(policy.noise, noise_rng);
    const auto append = [](std::vector<float>& to, const std::vector<float>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(observation, obs);
    append(noise, eps);
    append(action, acted(agent, policy.spec, obs, nullptr));
    append(drawn, acted(agent, policy.spec, obs, &act_rng));
    const ExportSample sample = run.sample(obs, eps);
    append(logits, sample.logits);
    if (r < 8) policy.samples.push_back(sample);
    if (r < 8) plain.samples.push_back(plain_run.sample(obs, {}));
  }
  NpzFile cases;
  const auto put = [&](const char* key, const std::vector<float>& values) {
    cases.emplace(
        key, Tensor::from({rows, static_cast<std::int64_t>(values.size()) / rows}, std::span<const float>(values)));
  };
  put("observation", observation);
  put("noise", noise);
  put("action", action);
  put("drawn", drawn);
  put("logits", logits);
  write_npz(fs, dir / "cases.npz", cases);

  write_file_atomic(fs, dir / "policy.onnx", encode_onnx(policy));
  write_file_atomic(fs, dir / "plain.onnx", encode_onnx(plain));
  write_safetensors(fs, dir / "policy.safetensors", policy_tensors(policy));
  write_npz(fs, dir / "policy.npz", policy_arrays(policy));
  const CFiles c = encode_c(policy, "policy", "policy.h");
  write_file_atomic(fs, dir / "policy.c", c.source);
  write_file_atomic(fs, dir / "policy.h", c.header);
  const Int16Weights weights = to_int16(policy.graph);
  GraphRun rounded(policy, &weights);
  for (ExportSample& sample : policy.samples) sample = rounded.sample(sample.observation, sample.noise);
  const CFiles small = encode_c(policy, "small", "int16.h", &weights, {0.5}, rows);
  write_file_atomic(fs, dir / "int16.c", small.source);
  write_file_atomic(fs, dir / "int16.h", small.header);
  std::printf("%s\n", variant.name.c_str());
}

}  // namespace
}  // namespace softac::test

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const std::string mode = argv[2];
  for (const auto& variant : mode == "presets"    ? softac::test::preset_variants()
                             : mode == "recorded" ? softac::test::recorded_variants()
                                                  : softac::test::export_variants())
    softac::test::write_variant(variant, softac::Path(argv[1]) / variant.name, std::atoi(argv[3]));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
