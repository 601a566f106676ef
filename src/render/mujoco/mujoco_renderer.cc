#include "render/mujoco/mujoco_renderer.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

#include "softac/error.h"

namespace softac {

namespace {

// One thread at a time has the context.
class Current {
 public:
  explicit Current(GlContext& context) : lock_(mutex()), context_(context) { context_.make_current(); }
  ~Current() { context_.release(); }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex instance;
    return instance;
  }
  std::lock_guard<std::mutex> lock_;
  GlContext& context_;
};

template <class Call>
void call_mujoco(const char* what, const Call& call) {
  MujocoTrap trap;
  if (!run_trapped(trap, call)) throw IoError(std::string("MuJoCo cannot draw: ") + what + ": " + trap.message.data());
}

// Where Gymnasium 1.4 puts its camera in tasks without one named "track" (DEFAULT_CAMERA_CONFIG): it looks from
// `distance` at the point whose height is given; 0 = the model's extent, and the median of the geoms.
struct CameraPlace {
  const char* task;
  double distance;
  double height;
};
constexpr CameraPlace kPlaces[] = {{"InvertedPendulum-", 2.04, 0.0},
                                   {"InvertedDoublePendulum-", 4.1225, 0.1225},
                                   {"Pusher-", 4.0, 0.0},
                                   {"Reacher-", 0.0, 0.0}};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n == 0 ? 0.0 : 0.5 * (values[(n - 1) / 2] + values[n / 2]);
}

const MujocoEnv& mujoco_env(const Env& env) {
  const auto* found = dynamic_cast<const MujocoEnv*>(&env);
  SOFTAC_REQUIRE(found != nullptr, env.spec().id);
  return *found;
}

}  // namespace

bool is_mujoco_env(const Env& env) {
  return dynamic_cast<const MujocoEnv*>(&env) != nullptr;
}

double mujoco_step_seconds(const Env& env) {
  return mujoco_env(env).dt();
}

std::unique_ptr<Renderer> make_mujoco_renderer(const Env& env, const RenderOptions& options) {
  return std::make_unique<MujocoRenderer>(mujoco_env(env), options);
}

MujocoRenderer::MujocoRenderer(const MujocoEnv& env, const RenderOptions& options)
    : gl_(gl_context()), model_(mj_copyModel(nullptr, &env.model())), shadows_(options.shadows) {
  if (!model_) throw MemoryError(env.spec().id + ": the system refused memory for the picture's model");
  image_.resize(options.width > 0 ? options.width : kSide, options.height > 0 ? options.height : kSide);
  model_->vis.global.offwidth = image_.width;
  model_->vis.global.offheight = image_.height;
  if (!shadows_) model_->vis.quality.shadowsize = 0;
  data_.reset(mj_makeData(model_.get()));
  if (!data_) throw MemoryError(env.spec().id + ": the system refused memory for the picture's data");
  mjv_defaultOption(&visual_);
  mjv_defaultScene(&scene_);
  mjr_defaultContext(&context_);
  const Current current(*gl_);
  constexpr int kExtraGeoms = 1000;
  mjModel* const m = model_.get();
  mjvScene* const scene = &scene_;
  mjrContext* const context = &context_;
  call_mujoco("mjv_makeScene", [m, scene] { mjv_makeScene(m, scene, static_cast<int>(m->ngeom) + kExtraGeoms); });
  const auto free_scene = [&] { mjv_freeScene(&scene_); };
  try {
    call_mujoco("mjr_makeContext", [m, context] {
      mjr_makeContext(m, context, mjFONTSCALE_100);
      mjr_setBuffer(mjFB_OFFSCREEN, context);
    });
    if (context_.currentBuffer != mjFB_OFFSCREEN)
      throw IoError("MuJoCo cannot draw: OpenGL (" + std::string(gl_->name()) + ") has no framebuffer objects");
  } catch (...) {
    free_scene();
    throw;
  }
  scene_.flags[mjRND_SHADOW] = shadows_ ? 1 : 0;
  place_camera(env.spec().id);
}

MujocoRenderer::~MujocoRenderer() {
  try {
    const Current current(*gl_);
    mjr_freeContext(&context_);
  } catch (const Error&) {
    // In a forked child: the context is the parent's.
  }
  mjv_freeScene(&scene_);
}

void MujocoRenderer::place_camera(const std::string& env_id) {
  mjv_defaultCamera(&camera_);
  const int track = mj_name2id(model_.get(), mjOBJ_CAMERA, "track");
  if (track >= 0) {
    camera_.type = mjCAMERA_FIXED;
    camera_.fixedcamid = track;
    return;
  }
  mj_forward(model_.get(), data_.get());
  camera_.distance = model_->stat.extent;
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<double> places;
    for (int geom = 0; geom < static_cast<int>(model_->ngeom); ++geom)
      places.push_back(data_->geom_xpos[3 * geom + axis]);
    camera_.lookat[axis] = median(std::move(places));
  }
  const auto* place = std::ranges::find_if(kPlaces, [&](const CameraPlace& p) { return env_id.starts_with(p.task); });
  if (place == std::end(kPlaces)) {
    if (model_->nbody < 2) return;
    camera_.type = mjCAMERA_TRACKING;
    camera_.trackbodyid = 1;
    return;
  }
  if (place->distance > 0.0) camera_.distance = place->distance;
  if (place->height > 0.0) {
    camera_.lookat[0] = camera_.lookat[1] = 0.0;
    camera_.lookat[2] = place->height;
  }
}

const Image& MujocoRenderer::draw(const Env& env, std::span<const double>, std::span<const double>) {
  const MujocoEnv& source = mujoco_env(env);
  SOFTAC_REQUIRE(source.nq() == static_cast<int>(model_->nq), source.nq(), model_->nq);
  const mjModel* const m = model_.get();
  mjData* const d = data_.get();
  std::ranges::copy(source.positions(), d->qpos);
  call_mujoco("positions", [m, d] {
    mj_kinematics(m, d);
    mj_comPos(m, d);
    mj_camlight(m, d);
  });
  const Current current(*gl_);
  mjvScene* const scene = &scene_;
  mjvCamera* const camera = &camera_;
  const mjvOption* const visual = &visual_;
  call_mujoco("mjv_updateScene", [=] { mjv_updateScene(m, d, visual, nullptr, camera, mjCAT_ALL, scene); });
  edit(scene_);
  render();
  return image_;
}

void MujocoRenderer::render() {
  mjvScene* const scene = &scene_;
  mjrContext* const context = &context_;
  const mjrRect viewport = {0, 0, image_.width, image_.height};
  unsigned char* const pixels = image_.rgb.data();
  call_mujoco("mjr_render", [=] {
    mjr_setBuffer(mjFB_OFFSCREEN, context);
    mjr_render(viewport, scene, context);
    mjr_readPixels(pixels, nullptr, viewport, context);
  });
  for (int y = 0; y < image_.height / 2; ++y) {  // OpenGL begins at the bottom
    std::uint8_t* above = image_.row(y);
    std::swap_ranges(above, above + 3 * image_.width, image_.row(image_.height - 1 - y));
  }
}

}  // namespace softac
