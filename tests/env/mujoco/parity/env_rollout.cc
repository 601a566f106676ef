// Plays given actions from given start states, for the comparison with Gymnasium (parity.py).
//
//   env_rollout --list            every MuJoCo task of the table as JSON
//   env_rollout INPUT OUTPUT      INPUT: one line of JSON {"id", "kwargs", "starts", "steps"}, then float64 arrays
//                                 qpos (starts, nq), qvel (starts, nv), actions (steps, A).
//                                 OUTPUT: float64 arrays, start observations and info values (starts used, O + I),
//                                 then per step the observation (O), reward, terminated, truncated, info values (I).
// The next start state is taken when an episode ends, by itself or by the time limit.
#include <mujoco/mujoco.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "env/mujoco/mujoco_env.h"
#include "softac/env.h"
#include "softac/error.h"

namespace {

using nlohmann::json;
using namespace softac;

json to_json(const EnvValue& value) {
  return std::visit([](const auto& v) { return json(v); }, value);
}

EnvValue to_env_value(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.get<double>();
  std::vector<double> list;
  for (const json& item : value) list.push_back(item.get<double>());
  return list;
}

void list_tasks() {
  json tasks = json::array();
  for (const EnvInfo& info : registered_envs()) {
    if (info.family != "mujoco") continue;
    const std::unique_ptr<Env> env = make_env(info.id);
    const EnvSpec spec = env->spec();
    json infos = json::array();
    for (const InfoField& field : env->info_fields())
      infos.push_back({{"name", field.name}, {"size", field.size}, {"at_start", field.at_start}});
    json arguments = json::object();
    for (const EnvArgument& argument : info.arguments) {
      // JSON has no infinity: numbers of lists travel as text.
      if (const auto* list = std::get_if<std::vector<double>>(&argument.default_value)) {
        json texts = json::array();
        for (const double item : *list) texts.push_back(std::to_string(item));
        arguments[argument.name] = texts;
      } else {
        arguments[argument.name] = to_json(argument.default_value);
      }
    }
    tasks.push_back({{"id", info.id},
                     {"arguments", arguments},
                     {"infos", infos},
                     {"obs_dim", spec.obs_dim},
                     {"act_low", spec.act_low},
                     {"act_high", spec.act_high},
                     {"max_episode_steps", spec.max_episode_steps},
                     {"reward_threshold", spec.reward_threshold ? json(*spec.reward_threshold) : json()}});
  }
  std::cout << json{{"mujoco_version", mj_versionString()}, {"tasks", tasks}}.dump() << '\n';
}

void rollout(const char* input_path, const char* output_path) {
  std::ifstream input(input_path, std::ios::binary);
  std::string header;
  std::getline(input, header);
  const json task = json::parse(header);
  EnvKwargs kwargs;
  for (const auto& [name, value] : task["kwargs"].items()) kwargs[name] = to_env_value(value);
  const auto env = make_env(task["id"], kwargs);
  auto& mujoco = dynamic_cast<MujocoEnv&>(*env);
  const auto read = [&](std::size_t count) {
    std::vector<double> values(count);
    input.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(double)));
    if (!input) throw IoError(std::string(input_path) + ": too short");
    return values;
  };
  const std::size_t starts = task["starts"], steps = task["steps"];
  const std::size_t nq = static_cast<std::size_t>(mujoco.nq()), nv = static_cast<std::size_t>(mujoco.nv());
  const std::size_t act_dim = static_cast<std::size_t>(env->spec().act_dim);
  const std::size_t obs_dim = static_cast<std::size_t>(env->spec().obs_dim);
  const std::vector<double> qpos = read(starts * nq), qvel = read(starts * nv), actions = read(steps * act_dim);

  std::vector<double> start_rows, rows, obs(obs_dim);
  std::vector<double> info(static_cast<std::size_t>(info_size(env->info_fields())));
  const auto append_info = [&](std::vector<double>& to) {
    env->info(info);
    to.insert(to.end(), info.begin(), info.end());
  };
  std::size_t start = 0;
  const auto begin_episode = [&] {
    if (start == starts) throw IoError(std::string(input_path) + ": more episodes than start states");
    mujoco.set_state({&qpos[start * nq], nq}, {&qvel[start * nv], nv}, obs);
    start_rows.insert(start_rows.end(), obs.begin(), obs.end());
    append_info(start_rows);
    ++start;
  };
  begin_episode();
  int length = 0;
  for (std::size_t t = 0; t < steps; ++t) {
    const StepResult result = env->step({&actions[t * act_dim], act_dim}, obs);
    const bool truncated = ++length >= env->spec().max_episode_steps;
    rows.insert(rows.end(), obs.begin(), obs.end());
    rows.insert(rows.end(), {result.reward, result.terminated ? 1.0 : 0.0, truncated ? 1.0 : 0.0});
    append_info(rows);
    if ((result.terminated || truncated) && t + 1 < steps) {
      begin_episode();
      length = 0;
    }
  }
  std::ofstream output(output_path, std::ios::binary);
  for (const auto* values : {&start_rows, &rows}) {
    output.write(reinterpret_cast<const char*>(values->data()),
                 static_cast<std::streamsize>(values->size() * sizeof(double)));
  }
  if (!output.flush()) throw DiskError(std::string(output_path) + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 2 && std::string(argv[1]) == "--list") {
      list_tasks();
    } else if (argc == 3) {
      rollout(argv[1], argv[2]);
    } else {
      std::cerr << "usage: env_rollout --list | env_rollout INPUT OUTPUT\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "env_rollout: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
