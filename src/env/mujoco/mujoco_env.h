// What all MuJoCo tasks share: the simulation, resets, observations, detection of a broken simulation, saved states.
//
// Derived quantities (body positions, contact forces, …) are read as they stand after mj_step, never refreshed by
// mj_forward: they belong to the last force evaluation inside the step, which is not the state that the step ended in.
// Gymnasium reads them like this too, and "before" values are those of the previous step.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "env/mujoco/info_writer.h"
#include "env/mujoco/model_cache.h"
#include "env/mujoco/mujoco_api.h"
#include "env/mujoco/options.h"
#include "softac/env.h"
#include "softac/error.h"

namespace softac {

// A task's fixed facts.
struct TaskInfo {
  std::string id;
  int max_episode_steps;
  std::optional<double> reward_threshold;
  std::string description;
};

// Fills an observation from the left. Made with a list it only says where each number lies, or null where it has been
// computed.
class ObsWriter {
 public:
  explicit ObsWriter(double* out) : out_(out) {}
  explicit ObsWriter(std::vector<const double*>& sources) : sources_(&sources) {}
  void put(double value) {
    if (out_ != nullptr)
      out_[size_] = value;
    else
      sources_->push_back(nullptr);
    ++size_;
  }
  void put(std::span<const double> values) {
    if (out_ == nullptr) {
      for (const double& value : values) sources_->push_back(&value);
    } else if (!values.empty()) {
      std::memcpy(out_ + size_, values.data(), values.size_bytes());
    }
    size_ += values.size();
  }
  void put_clipped(std::span<const double> values, double low, double high);
  std::size_t size() const { return size_; }

 private:
  double* out_ = nullptr;
  std::vector<const double*>* sources_ = nullptr;
  std::size_t size_ = 0;
};

class MujocoEnv : public Env {
 public:
  const EnvSpec& spec() const final { return spec_; }
  void reset(Rng& rng, std::span<double> obs) final;
  StepResult step(std::span<const double> action, std::span<double> obs) final;

  int start_size() const final { return nq() + nv(); }
  void reset_to(std::span<const double> state, std::span<double> obs) final;
  // The same from qpos (nq) and qvel (nv): what reset() does after drawing them.
  void set_state(std::span<const double> qpos, std::span<const double> qvel, std::span<double> obs);
  int nq() const { return static_cast<int>(model_->nq); }
  int nv() const { return static_cast<int>(model_->nv); }

  // What pictures are made from: the model, and the present qpos, (nq).
  const mjModel& model() const { return *model_; }
  std::span<const double> positions() const { return qpos(); }
  double dt() const { return model_->opt.timestep * frame_skip_; }  // s per environment step

  std::vector<InfoField> info_fields() const final;
  void info(std::span<double> out) const final;

  bool can_save_state() const final { return true; }
  std::vector<std::byte> save_state() const final;
  // Throws IoError if the state is of another task or model.
  void load_state(std::span<const std::byte> state) final;

 protected:
  // Loads the model and allocates mjData. A derived constructor ends with finish().
  MujocoEnv(const TaskInfo& info, const TaskOptions& options);
  // Sizes spec() by counting an observation. Throws IoError if the model lacks what the task reads.
  void finish();
  // Model sizes that a task indexes into. Throws IoError naming the file, what was found and what is needed.
  void require_model(bool fits, const std::string& need) const;

  // Draws a start state; qpos and qvel come filled with the model's initial state (zero velocities).
  virtual void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) = 0;
  // Writes the observation of the current state.
  virtual void observe(ObsWriter& out) const = 0;
  // Names and values of info(), Gymnasium's.
  virtual void report(InfoWriter&) const {}
  // One step: read the "before" values, simulate(action), return reward and termination.
  virtual StepResult advance(std::span<const double> action) = 0;

  // Applies action as controls for frame_skip simulation steps. Throws EnvError if MuJoCo reports a bad state (which it
  // answers by resetting the simulation), a bad control or an overflow.
  void simulate(std::span<const double> action);
  // Makes simulate() compute contact forces (cfrc_ext) after the last simulation step.
  void use_contact_forces() { use_contact_forces_ = true; }

  const mjData& data() const { return *data_; }
  int body(const std::string& name) const;  // throws IoError if the model has none of that name

  std::span<const double> qpos(int first = 0) const {
    return {data_->qpos + first, static_cast<std::size_t>(nq() - first)};
  }
  std::span<const double> qvel(int first = 0) const {
    return {data_->qvel + first, static_cast<std::size_t>(nv() - first)};
  }
  std::span<const double> ctrl() const { return {data_->ctrl, static_cast<std::size_t>(model_->nu)}; }
  // Rows first, first + 1, … of an (nbody, width) array of mjData.
  std::span<const double> body_rows(const double* array, int width, int first = 0) const {
    return {array + first * width, static_cast<std::size_t>((static_cast<int>(model_->nbody) - first) * width)};
  }
  const double* xpos(int body_id) const { return data_->xpos + 3 * body_id; }

 private:
  std::vector<std::span<double>> derived_blocks() const;
  void write_obs(std::span<double> obs) const;
  void check_warnings() const;

  EnvSpec spec_;
  std::string xml_file_;
  ModelPtr model_;
  DataPtr data_;
  int frame_skip_;
  bool use_contact_forces_ = false;
  InfoStage info_stage_ = InfoStage::none;
  std::vector<double> start_qpos_, start_qvel_;  // scratch of reset()
  mutable MujocoTrap trap_;
};

// base + uniform(−scale, scale) per entry, in order.
void add_uniform_noise(Rng& rng, double scale, std::span<double> values);
// base + scale · normal per entry, in order.
void add_normal_noise(Rng& rng, double scale, std::span<double> values);

}  // namespace softac
