// MuJoCo's own renderer (mjv_, mjr_) on a context without a display.
#pragma once

#include <mujoco/mujoco.h>

#include <memory>

#include "env/mujoco/mujoco_env.h"
#include "render/gl_context.h"
#include "render/renderer.h"

namespace softac {

bool is_mujoco_env(const Env& env);
double mujoco_step_seconds(const Env& env);
std::unique_ptr<Renderer> make_mujoco_renderer(const Env& env, const RenderOptions& options);

// Draws from a copy of the model and from data of its own, in which the state's positions are computed: neither the
// picture's settings nor a lag of derived quantities is shared with the simulation. The camera is the model's "track";
// without one it is free and placed as Gymnasium does for the task, or follows the first body of a task unknown there.
class MujocoRenderer : public Renderer {
 public:
  static constexpr int kSide = 480;  // Gymnasium's

  MujocoRenderer(const MujocoEnv& env, const RenderOptions& options);
  ~MujocoRenderer() override;
  MujocoRenderer(const MujocoRenderer&) = delete;
  MujocoRenderer& operator=(const MujocoRenderer&) = delete;

  const Image& draw(const Env& env, std::span<const double> obs, std::span<const double> action) override;

 protected:
  // For tests: changes the scene before it is drawn.
  virtual void edit(mjvScene&) {}
  const mjModel& model() const { return *model_; }

 private:
  void place_camera(const std::string& env_id);
  void render();

  struct DeleteModel {
    void operator()(mjModel* model) const { mj_deleteModel(model); }
  };
  std::shared_ptr<GlContext> gl_;
  std::unique_ptr<mjModel, DeleteModel> model_;
  DataPtr data_;
  mjvCamera camera_;
  mjvOption visual_;
  mjvScene scene_;
  mjrContext context_;
  bool shadows_;
  Image image_;
};

}  // namespace softac
