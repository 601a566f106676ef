#include "env/mujoco/obs_names.h"

#include <utility>

namespace softac {
namespace {

using Words = std::pair<std::string, std::string>;  // name and unit

// Coordinate `part` of a joint's position: a free joint has three of a place, then a quaternion.
Words position_words(int type, const std::string& joint, int part) {
  static const char* const kParts[] = {"x", "y", "z", "qw", "qx", "qy", "qz"};
  switch (type) {
    case mjJNT_SLIDE:
      return {joint + " position", "m"};
    case mjJNT_HINGE:
      return {joint + " position", "rad"};
    case mjJNT_FREE:
      return {joint + " " + kParts[part] + " position", part < 3 ? "m" : "1"};
    default:  // ball
      return {joint + " " + kParts[part + 3] + " position", "1"};
  }
}

Words velocity_words(int type, const std::string& joint, int part) {
  static const char* const kParts[] = {"x", "y", "z"};
  switch (type) {
    case mjJNT_SLIDE:
      return {joint + " velocity", "m/s"};
    case mjJNT_HINGE:
      return {joint + " velocity", "rad/s"};
    case mjJNT_FREE:
      if (part < 3) return {joint + " " + kParts[part] + " velocity", "m/s"};
      return {joint + " " + kParts[part - 3] + " angular velocity", "rad/s"};
    default:
      return {joint + " " + kParts[part] + " angular velocity", "rad/s"};
  }
}

Words words_of(const mjModel& model, const mjData& data, const double* source) {
  const auto name = [&](int joint) { return mujoco_name(model, mjOBJ_JOINT, joint); };
  for (int i = 0; i < static_cast<int>(model.nq); ++i) {
    if (source != data.qpos + i) continue;
    int joint = 0;
    while (joint + 1 < static_cast<int>(model.njnt) && model.jnt_qposadr[joint + 1] <= i) ++joint;
    return position_words(model.jnt_type[joint], name(joint), i - model.jnt_qposadr[joint]);
  }
  for (int i = 0; i < static_cast<int>(model.nv); ++i) {
    if (source != data.qvel + i) continue;
    const int joint = model.dof_jntid[i];
    return velocity_words(model.jnt_type[joint], name(joint), i - model.jnt_dofadr[joint]);
  }
  return {};
}

}  // namespace

ObsNames name_observation(const mjModel& model, const mjData& data, const std::vector<const double*>& sources) {
  ObsNames out;
  for (const double* source : sources) {
    Words words = source == nullptr ? Words{} : words_of(model, data, source);
    out.names.push_back(std::move(words.first));
    out.units.push_back(std::move(words.second));
  }
  return out;
}

}  // namespace softac
