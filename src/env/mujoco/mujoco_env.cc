#include "env/mujoco/mujoco_env.h"

#include <limits>
#include <utility>

#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/obs_names.h"
#include "env/state_bytes.h"

namespace softac {

namespace {

// The part of mjData that a step starts from, in MuJoCo's order of mjSTATE_INTEGRATION.
#if mjVERSION_HEADER >= 237
int state_size(const mjModel* model) {
  return static_cast<int>(mj_stateSize(model, mjSTATE_INTEGRATION));
}
void get_state(const mjModel* model, const mjData* data, double* out) {
  mj_getState(model, data, out, mjSTATE_INTEGRATION);
}
void put_state(const mjModel* model, mjData* data, const double* in) {
  mj_setState(model, data, in, mjSTATE_INTEGRATION);
}
#else
std::vector<std::span<double>> state_blocks(const mjModel* m, const mjData* d) {
  const auto block = [](double* values, int n) { return std::span<double>(values, n); };
  return {block(const_cast<double*>(&d->time), 1),
          block(d->qpos, m->nq),
          block(d->qvel, m->nv),
          block(d->act, m->na),
          block(d->qacc_warmstart, m->nv),
          block(d->ctrl, m->nu),
          block(d->qfrc_applied, m->nv),
          block(d->xfrc_applied, 6 * m->nbody),
          block(d->mocap_pos, 3 * m->nmocap),
          block(d->mocap_quat, 4 * m->nmocap),
          block(d->userdata, m->nuserdata)};
}
int state_size(const mjModel* model) {
  return 1 + model->nq + 3 * model->nv + model->na + model->nu + 6 * model->nbody + 7 * model->nmocap +
         model->nuserdata;
}
void get_state(const mjModel* model, const mjData* data, double* out) {
  for (const auto& block : state_blocks(model, data)) out = std::copy(block.begin(), block.end(), out);
}
void put_state(const mjModel* model, mjData* data, const double* in) {
  for (const auto& block : state_blocks(model, data)) {
    std::copy_n(in, block.size(), block.begin());
    in += block.size();
  }
}
#endif

struct FatalWarning {
  mjtWarning warning;
  const char* meaning;
};
constexpr FatalWarning kFatalWarnings[] = {
    {mjWARN_BADQPOS, "bad number in qpos"},      {mjWARN_BADQVEL, "bad number in qvel"},
    {mjWARN_BADQACC, "bad number in qacc"},      {mjWARN_BADCTRL, "bad number in ctrl"},
    {mjWARN_CONTACTFULL, "contact buffer full"}, {mjWARN_CNSTRFULL, "constraint buffer full"},
};

// " (joint knee)": whose number a warning's index is; empty where it has no owner.
std::string owner_of(const mjModel& model, mjtWarning warning, int index) {
  const auto joint_name = [&](int joint) { return " (joint " + mujoco_name(model, mjOBJ_JOINT, joint) + ")"; };
  if (warning == mjWARN_BADQPOS && index >= 0 && index < model.nq) {
    int joint = 0;
    while (joint + 1 < model.njnt && model.jnt_qposadr[joint + 1] <= index) ++joint;
    return joint_name(joint);
  }
  if ((warning == mjWARN_BADQVEL || warning == mjWARN_BADQACC) && index >= 0 && index < model.nv) {
    return joint_name(model.dof_jntid[index]);
  }
  return {};
}

// The joint that an actuator drives, which models name more often than the actuator.
std::string action_name(const mjModel& model, int actuator) {
  if (model.actuator_trntype[actuator] == mjTRN_JOINT)
    return mujoco_name(model, mjOBJ_JOINT, model.actuator_trnid[2 * actuator]);
  return mujoco_name(model, mjOBJ_ACTUATOR, actuator);
}

}  // namespace

void ObsWriter::put_clipped(std::span<const double> values, double low, double high) {
  if (out_ == nullptr) return put(values);
  for (const double value : values) put(clip(value, low, high));
}

void add_uniform_noise(Rng& rng, double scale, std::span<double> values) {
  for (double& value : values) value += rng.uniform(-scale, scale);
}

void add_normal_noise(Rng& rng, double scale, std::span<double> values) {
  for (double& value : values) value += scale * rng.normal();
}

MujocoEnv::MujocoEnv(const TaskInfo& info, const TaskOptions& options)
    : xml_file_(options.xml_file), model_(load_model(options.xml_file)), frame_skip_(options.frame_skip) {
  mjData* data = nullptr;
  if (!run_trapped(trap_, [&] { data = mj_makeData(model_.get()); }) || data == nullptr) {
    throw MemoryError(info.id + ": mj_makeData: " + trap_.message.data());
  }
  data_.reset(data);
  start_qpos_.resize(nq());
  start_qvel_.resize(nv());

  spec_.id = info.id;
  spec_.description = info.description;
  spec_.max_episode_steps = info.max_episode_steps;
  spec_.reward_threshold = info.reward_threshold;
  spec_.dt = dt();
  spec_.act_dim = static_cast<int>(model_->nu);
  for (int i = 0; i < spec_.act_dim; ++i) spec_.act_names.push_back(action_name(*model_, i));
  for (int i = 0; i < spec_.act_dim; ++i) {
    // Gymnasium's action space is float32, which moves Humanoid's ±0.4 in the ninth digit.
    const bool limited = model_->actuator_ctrllimited[i] != 0;
    constexpr double kInf = std::numeric_limits<double>::infinity();
    spec_.act_low.push_back(limited ? static_cast<float>(model_->actuator_ctrlrange[2 * i]) : -kInf);
    spec_.act_high.push_back(limited ? static_cast<float>(model_->actuator_ctrlrange[2 * i + 1]) : kInf);
  }
}

void MujocoEnv::finish() {
  std::vector<const double*> sources;
  ObsWriter counter(sources);
  observe(counter);
  ObsNames names = name_observation(*model_, *data_, sources);
  spec_.obs_names = std::move(names.names);
  spec_.obs_units = std::move(names.units);
  spec_.obs_dim = static_cast<int>(counter.size());
  spec_.obs_low.assign(counter.size(), -std::numeric_limits<double>::infinity());
  spec_.obs_high.assign(counter.size(), std::numeric_limits<double>::infinity());
}

void MujocoEnv::require_model(bool fits, const std::string& need) const {
  if (fits) return;
  throw IoError(spec_.id + ": model file " + xml_file_ + " does not fit: expected " + need + ", found nq " +
                std::to_string(model_->nq) + ", nv " + std::to_string(model_->nv) + ", nu " +
                std::to_string(model_->nu) + ", nbody " + std::to_string(model_->nbody) + ", nsite " +
                std::to_string(model_->nsite));
}

int MujocoEnv::body(const std::string& name) const {
  const int id = mj_name2id(model_.get(), mjOBJ_BODY, name.c_str());
  require_model(id >= 0, "a body named " + name);
  return id;
}

void MujocoEnv::reset(Rng& rng, std::span<double> obs) {
  std::copy_n(model_->qpos0, start_qpos_.size(), start_qpos_.begin());
  std::fill(start_qvel_.begin(), start_qvel_.end(), 0.0);
  draw_start(rng, start_qpos_, start_qvel_);
  set_state(start_qpos_, start_qvel_, obs);
}

void MujocoEnv::set_state(std::span<const double> qpos, std::span<const double> qvel, std::span<double> obs) {
  SOFTAC_REQUIRE(static_cast<int>(qpos.size()) == nq(), qpos.size(), nq());
  SOFTAC_REQUIRE(static_cast<int>(qvel.size()) == nv(), qvel.size(), nv());
  const mjModel* m = model_.get();
  mjData* d = data_.get();
  const bool returned = run_trapped(trap_, [m, d, qpos, qvel] {
    mj_resetData(m, d);
    std::copy(qpos.begin(), qpos.end(), d->qpos);
    std::copy(qvel.begin(), qvel.end(), d->qvel);
    mj_forward(m, d);
  });
  if (!returned) throw EnvError(spec_.id + ": reset: MuJoCo: " + trap_.message.data());
  info_stage_ = InfoStage::start;
  write_obs(obs);
}

void MujocoEnv::reset_to(std::span<const double> state, std::span<double> obs) {
  SOFTAC_REQUIRE(static_cast<int>(state.size()) == start_size(), state.size(), start_size());
  set_state(state.first(start_qpos_.size()), state.last(start_qvel_.size()), obs);
}

StepResult MujocoEnv::step(std::span<const double> action, std::span<double> obs) {
  SOFTAC_REQUIRE(static_cast<int>(action.size()) == spec_.act_dim, action.size(), spec_.act_dim);
  const StepResult result = advance(action);
  info_stage_ = InfoStage::step;
  write_obs(obs);
  return result;
}

void MujocoEnv::write_obs(std::span<double> obs) const {
  SOFTAC_REQUIRE(static_cast<int>(obs.size()) == spec_.obs_dim, obs.size(), spec_.obs_dim);
  ObsWriter out(obs.data());
  observe(out);
}

std::vector<InfoField> MujocoEnv::info_fields() const {
  std::vector<InfoField> fields;
  InfoWriter list(fields);
  report(list);
  return fields;
}

void MujocoEnv::info(std::span<double> out) const {
  InfoWriter write(out, info_stage_);
  report(write);
}

void MujocoEnv::simulate(std::span<const double> action) {
  const mjModel* m = model_.get();
  mjData* d = data_.get();
  std::copy(action.begin(), action.end(), d->ctrl);
  const int steps = frame_skip_;
  const bool contact_forces = use_contact_forces_;
  const bool returned = run_trapped(trap_, [m, d, steps, contact_forces] {
    for (int i = 0; i < steps; ++i) mj_step(m, d);
    if (contact_forces) mj_rnePostConstraint(m, d);
  });
  if (!returned) throw EnvError(spec_.id + ": step: MuJoCo: " + trap_.message.data());
  check_warnings();
}

void MujocoEnv::check_warnings() const {
  for (const FatalWarning& fatal : kFatalWarnings) {
    const mjWarningStat& stat = data_->warning[fatal.warning];
    if (stat.number == 0) continue;
    throw EnvError(spec_.id + ": the simulation broke down: MuJoCo's warning '" + fatal.meaning + "' at index " +
                   std::to_string(stat.lastinfo) + owner_of(*model_, fatal.warning, stat.lastinfo));
  }
}

// Everything that an observation or a "before" value reads and the next step does not compute first.
std::vector<std::span<double>> MujocoEnv::derived_blocks() const {
  const mjModel& m = *model_;
  const mjData& d = *data_;
  const auto block = [](double* values, auto n) { return std::span<double>(values, n); };
  return {block(d.xpos, 3 * m.nbody),    block(d.xipos, 3 * m.nbody),   block(d.site_xpos, 3 * m.nsite),
          block(d.cinert, 10 * m.nbody), block(d.cvel, 6 * m.nbody),    block(d.cfrc_ext, 6 * m.nbody),
          block(d.qfrc_actuator, m.nv),  block(d.qfrc_constraint, m.nv)};
}

std::vector<std::byte> MujocoEnv::save_state() const {
  std::vector<double> state(state_size(model_.get()));
  get_state(model_.get(), data_.get(), state.data());
  StateWriter out;
  out.put_array<double>(state);
  for (const std::span<double> block : derived_blocks()) out.put_array<double>(block);
  return out.take();
}

void MujocoEnv::load_state(std::span<const std::byte> bytes) {
  std::size_t count = state_size(model_.get());
  for (const std::span<double> block : derived_blocks()) count += block.size();
  if (bytes.size() != count * sizeof(double)) {
    throw IoError("state of " + spec_.id + ": " + std::to_string(bytes.size()) + " bytes, expected " +
                  std::to_string(count * sizeof(double)));
  }
  StateReader in(bytes, spec_.id);
  std::vector<double> state(state_size(model_.get()));
  in.get_array<double>(state);
  info_stage_ = InfoStage::none;
  mj_resetData(model_.get(), data_.get());
  put_state(model_.get(), data_.get(), state.data());
  for (const std::span<double> block : derived_blocks()) in.get_array<double>(block);
  in.finish();
}

}  // namespace softac
