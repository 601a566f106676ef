// The task families; each adds its versions to the table.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "env/mujoco/mujoco_env.h"
#include "env/mujoco/mujoco_envs.h"

namespace softac {

void add_ant(MujocoEnvTable& table);
void add_half_cheetah(MujocoEnvTable& table);
void add_hopper(MujocoEnvTable& table);
void add_humanoid(MujocoEnvTable& table);
void add_humanoid_standup(MujocoEnvTable& table);
void add_inverted_double_pendulum(MujocoEnvTable& table);
void add_inverted_pendulum(MujocoEnvTable& table);
void add_pusher(MujocoEnvTable& table);
void add_reacher(MujocoEnvTable& table);
void add_swimmer(MujocoEnvTable& table);
void add_walker2d(MujocoEnvTable& table);

// Adds one version of a task. Task::Options: TaskOptions with visit(OptionVisitor&), constructed from the version.
template <class Task>
void add_task(MujocoEnvTable& table, const TaskInfo& info, int version) {
  OptionVisitor list;
  typename Task::Options defaults(version);
  defaults.visit(list);
  EnvFactory factory = [info, version](const EnvKwargs& kwargs) -> std::unique_ptr<Env> {
    OptionVisitor read(kwargs);
    typename Task::Options options(version);
    options.visit(read);
    read.finish(info.id);
    return std::make_unique<Task>(info, options);
  };
  EnvInfo entry = {info.id, info.description, "mujoco", list.arguments()};
  entry.max_episode_steps = info.max_episode_steps;
  entry.reward_threshold = info.reward_threshold;
  table.emplace_back(std::move(entry), std::move(factory));
}

}  // namespace softac
