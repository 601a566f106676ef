// What is known of each Gymnasium model, to recognise a file that is not the one a task was written for.
#pragma once

#include <mujoco/mujoco.h>

#include <string>
#include <vector>

namespace softac {

struct ActuatorFact {
  const char* joint;
  double gear;
};

struct ModelFacts {
  const char* file;
  int nq, nv, nu, nbody;
  double mass;                          // total, kg
  double timestep;                      // s
  double ctrl_limit;                    // every control lies in ±ctrl_limit
  std::vector<const char*> joints;      // in qpos order
  std::vector<ActuatorFact> actuators;  // in control order
};

// The facts of a file name ("hopper.xml"), or nullptr if it is not one of Gymnasium's.
const ModelFacts* find_model_facts(const std::string& file);

// Throws IoError with the path and every fact that differs: found, expected.
void check_model_facts(const mjModel& model, const ModelFacts& facts, const std::string& path);

}  // namespace softac
