// The numbers are those of Gymnasium 1.4.0's assets as MuJoCo compiles them; every version from 2.2.2 on agrees.
#include "env/mujoco/model_facts.h"

#include <cmath>
#include <sstream>

#include "env/mujoco/mujoco_api.h"
#include "softac/error.h"

namespace softac {

namespace {

using Joints = std::vector<const char*>;
using Actuators = std::vector<ActuatorFact>;

std::vector<ModelFacts> make_facts() {
  const Joints walker_joints = {
      "rootx",          "rootz",          "rooty", "thigh_joint", "leg_joint", "foot_joint", "thigh_left_joint",
      "leg_left_joint", "foot_left_joint"};
  const Actuators walker_actuators = {{"thigh_joint", 100},      {"leg_joint", 100},      {"foot_joint", 100},
                                      {"thigh_left_joint", 100}, {"leg_left_joint", 100}, {"foot_left_joint", 100}};
  const Joints humanoid_joints = {
      "root",           "abdomen_z",      "abdomen_y",       "abdomen_x",       "right_hip_x",
      "right_hip_z",    "right_hip_y",    "right_knee",      "left_hip_x",      "left_hip_z",
      "left_hip_y",     "left_knee",      "right_shoulder1", "right_shoulder2", "right_elbow",
      "left_shoulder1", "left_shoulder2", "left_elbow"};
  const Actuators humanoid_actuators = {{"abdomen_y", 100},      {"abdomen_z", 100},   {"abdomen_x", 100},
                                        {"right_hip_x", 100},    {"right_hip_z", 100}, {"right_hip_y", 300},
                                        {"right_knee", 200},     {"left_hip_x", 100},  {"left_hip_z", 100},
                                        {"left_hip_y", 300},     {"left_knee", 200},   {"right_shoulder1", 25},
                                        {"right_shoulder2", 25}, {"right_elbow", 25},  {"left_shoulder1", 25},
                                        {"left_shoulder2", 25},  {"left_elbow", 25}};
  const Joints pusher_joints = {"r_shoulder_pan_joint",
                                "r_shoulder_lift_joint",
                                "r_upper_arm_roll_joint",
                                "r_elbow_flex_joint",
                                "r_forearm_roll_joint",
                                "r_wrist_flex_joint",
                                "r_wrist_roll_joint",
                                "obj_slidey",
                                "obj_slidex",
                                "goal_slidey",
                                "goal_slidex"};
  Actuators pusher_actuators;
  for (int i = 0; i < 7; ++i) pusher_actuators.push_back({pusher_joints[i], 1});

  return {
      {"half_cheetah.xml",
       9,
       9,
       6,
       8,
       14.0,
       0.01,
       1.0,
       {"rootx", "rootz", "rooty", "bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot"},
       {{"bthigh", 120}, {"bshin", 90}, {"bfoot", 60}, {"fthigh", 120}, {"fshin", 60}, {"ffoot", 30}}},
      {"hopper.xml",
       6,
       6,
       3,
       5,
       15.820013405927003,
       0.002,
       1.0,
       {"rootx", "rootz", "rooty", "thigh_joint", "leg_joint", "foot_joint"},
       {{"thigh_joint", 200}, {"leg_joint", 200}, {"foot_joint", 200}}},
      {"walker2d.xml", 9, 9, 6, 8, 23.67713663255508, 0.002, 1.0, walker_joints, walker_actuators},
      {"walker2d_v5.xml", 9, 9, 6, 8, 23.67713663255508, 0.002, 1.0, walker_joints, walker_actuators},
      {"ant.xml",
       15,
       14,
       8,
       14,
       0.9108800827073915,
       0.01,
       1.0,
       {"root", "hip_1", "ankle_1", "hip_2", "ankle_2", "hip_3", "ankle_3", "hip_4", "ankle_4"},
       {{"hip_4", 150},
        {"ankle_4", 150},
        {"hip_1", 150},
        {"ankle_1", 150},
        {"hip_2", 150},
        {"ankle_2", 150},
        {"hip_3", 150},
        {"ankle_3", 150}}},
      {"humanoid.xml", 24, 23, 17, 14, 42.11603049212989, 0.003, 0.4, humanoid_joints, humanoid_actuators},
      {"humanoidstandup.xml", 24, 23, 17, 14, 42.11603049212989, 0.003, 0.4, humanoid_joints, humanoid_actuators},
      {"swimmer.xml",
       5,
       5,
       2,
       4,
       106.81415022205297,
       0.01,
       1.0,
       {"slider1", "slider2", "free_body_rot", "motor1_rot", "motor2_rot"},
       {{"motor1_rot", 150}, {"motor2_rot", 150}}},
      {"reacher.xml",
       4,
       4,
       2,
       5,
       0.07845185174544432,
       0.01,
       1.0,
       {"joint0", "joint1", "target_x", "target_y"},
       {{"joint0", 200}, {"joint1", 200}}},
      {"pusher.xml", 11, 11, 7, 13, 13.672996640078276, 0.01, 2.0, pusher_joints, pusher_actuators},
      {"pusher_v5.xml", 11, 11, 7, 13, 13.67300448096994, 0.01, 2.0, pusher_joints, pusher_actuators},
      {"inverted_pendulum.xml", 2, 2, 1, 3, 15.490567153329286, 0.02, 3.0, {"slider", "hinge"}, {{"slider", 100}}},
      {"inverted_double_pendulum.xml",
       3,
       3,
       1,
       4,
       18.869452675011495,
       0.01,
       1.0,
       {"slider", "hinge", "hinge2"},
       {{"slider", 500}}},
  };
}

// Collects "fact: found x, expected y" lines.
class Differences {
 public:
  template <class T, class U>
  void compare(const std::string& fact, const T& found, const U& expected, bool equal) {
    if (!equal) lines_ << "\n  " << fact << ": found " << found << ", expected " << expected;
  }
  void number(const std::string& fact, double found, double expected) {
    compare(fact, found, expected, std::abs(found - expected) <= 1e-6 * std::abs(expected));
  }
  void count(const std::string& fact, long long found, long long expected) {
    compare(fact, found, expected, found == expected);
  }
  std::string text() const { return lines_.str(); }

 private:
  std::ostringstream lines_;
};

}  // namespace

const ModelFacts* find_model_facts(const std::string& file) {
  static const std::vector<ModelFacts> all = make_facts();
  for (const ModelFacts& facts : all) {
    if (file == facts.file) return &facts;
  }
  return nullptr;
}

void check_model_facts(const mjModel& model, const ModelFacts& facts, const std::string& path) {
  Differences differences;
  differences.count("nq", model.nq, facts.nq);
  differences.count("nv", model.nv, facts.nv);
  differences.count("nu", model.nu, facts.nu);
  differences.count("nbody", model.nbody, facts.nbody);
  double mass = 0.0;
  for (int i = 0; i < model.nbody; ++i) mass += model.body_mass[i];
  differences.number("total mass", mass, facts.mass);
  differences.number("timestep", model.opt.timestep, facts.timestep);
  differences.count("number of joints", model.njnt, static_cast<long long>(facts.joints.size()));
  for (int i = 0; i < model.njnt && i < static_cast<int>(facts.joints.size()); ++i) {
    const std::string name = mujoco_name(model, mjOBJ_JOINT, i), expected = facts.joints[i];
    differences.compare("joint " + std::to_string(i), name, expected, name == expected);
  }
  for (int i = 0; i < model.nu && i < static_cast<int>(facts.actuators.size()); ++i) {
    const ActuatorFact& fact = facts.actuators[i];
    const std::string actuator = "actuator " + std::to_string(i);
    const std::string joint = mujoco_name(model, mjOBJ_JOINT, model.actuator_trnid[2 * i]);
    differences.compare(actuator + " joint", joint, fact.joint, joint == fact.joint);
    differences.number(actuator + " gear", model.actuator_gear[6 * i], fact.gear);
    differences.number(actuator + " lower limit", model.actuator_ctrlrange[2 * i], -facts.ctrl_limit);
    differences.number(actuator + " upper limit", model.actuator_ctrlrange[2 * i + 1], facts.ctrl_limit);
  }
  const std::string text = differences.text();
  if (!text.empty()) {
    throw IoError("model file " + path + " is not Gymnasium's " + facts.file + ":" + text +
                  "\nGive a model of your own by the argument xml_file as a path.");
  }
}

}  // namespace softac
