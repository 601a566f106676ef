// The observation that Humanoid and HumanoidStandup share.
//
//   qpos[2:24], qvel[0:23], cinert (bodies × 10), cvel (bodies × 6), qfrc_actuator, cfrc_ext (bodies × 6)
// Version 5 leaves out the world's row of each body array and the root's six actuator forces, which are always zero.
#pragma once

#include "env/mujoco/mujoco_env.h"

namespace softac {

struct HumanoidObsOptions {
  bool exclude_current_positions_from_observation = true;
  bool include_cinert_in_observation = true;
  bool include_cvel_in_observation = true;
  bool include_qfrc_actuator_in_observation = true;
  bool include_cfrc_ext_in_observation = true;

  void visit_exclude(OptionVisitor& v) {
    v.flag("exclude_current_positions_from_observation", exclude_current_positions_from_observation,
           "leave the x and y position out of the observation");
  }
  void visit_include(OptionVisitor& v) {
    v.flag("include_cinert_in_observation", include_cinert_in_observation, "observe inertias and masses of the bodies");
    v.flag("include_cvel_in_observation", include_cvel_in_observation, "observe velocities of the bodies");
    v.flag("include_qfrc_actuator_in_observation", include_qfrc_actuator_in_observation, "observe actuator forces");
    v.flag("include_cfrc_ext_in_observation", include_cfrc_ext_in_observation, "observe contact forces");
  }
};

class HumanoidBase : public MujocoEnv {
 protected:
  HumanoidBase(const TaskInfo& info, const TaskOptions& options, const HumanoidObsOptions& obs,
               double reset_noise_scale)
      : MujocoEnv(info, options),
        obs_(obs),
        first_body_(options.version >= 5 ? 1 : 0),
        first_dof_(options.version >= 5 ? 6 : 0),
        reset_noise_scale_(reset_noise_scale) {
    require_model(nq() >= 3 && nv() >= 6, "nq of at least 3 and nv of at least 6");
    use_contact_forces();
  }

  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) final {
    add_uniform_noise(rng, reset_noise_scale_, qpos);
    add_uniform_noise(rng, reset_noise_scale_, qvel);
  }

  void observe(ObsWriter& out) const final {
    const mjData& d = data();
    out.put(qpos(obs_.exclude_current_positions_from_observation ? 2 : 0));
    out.put(qvel());
    if (obs_.include_cinert_in_observation) out.put(body_rows(d.cinert, 10, first_body_));
    if (obs_.include_cvel_in_observation) out.put(body_rows(d.cvel, 6, first_body_));
    if (obs_.include_qfrc_actuator_in_observation) {
      out.put({d.qfrc_actuator + first_dof_, static_cast<std::size_t>(nv() - first_dof_)});
    }
    if (obs_.include_cfrc_ext_in_observation) out.put(body_rows(d.cfrc_ext, 6, first_body_));
  }

  void report_position(InfoWriter& out) const {
    out.at_start("x_position", data().qpos[0]);
    out.at_start("y_position", data().qpos[1]);
  }
  void report_tendons(InfoWriter& out) const {
    const auto tendons = static_cast<std::size_t>(model().ntendon);
    out.at_start("tendon_length", {data().ten_length, tendons});
    out.at_start("tendon_velocity", {data().ten_velocity, tendons});
  }

 private:
  const HumanoidObsOptions obs_;
  const int first_body_, first_dof_;
  const double reset_noise_scale_;
};

}  // namespace softac
