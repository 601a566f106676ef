#include "render/renderer.h"

#include "render/drawing.h"
#include "softac/error.h"
#ifdef SOFTAC_HAS_MUJOCO
#include "render/mujoco/mujoco_renderer.h"
#endif

namespace softac {

namespace {

class DrawingRenderer final : public Renderer {
 public:
  DrawingRenderer(const Drawing& drawing, const RenderOptions& options) : drawing_(drawing) {
    const bool given = options.width > 0;
    image_.resize(given ? options.width : drawing.width, given ? options.height : drawing.height);
  }
  const Image& draw(const Env&, std::span<const double> obs, std::span<const double> action) override {
    drawing_.draw(image_, obs, action);
    return image_;
  }

 private:
  const Drawing& drawing_;
  Image image_;
};

void check_size(const RenderOptions& options) {
  if (options.width == 0 && options.height == 0) return;
  for (const int side : {options.width, options.height}) {
    if (side < kMinImageSide || side > kMaxImageSide) {
      throw ConfigError("a picture of " + std::to_string(options.width) + "x" + std::to_string(options.height) +
                        " pixels: each side must be from " + std::to_string(kMinImageSide) + " to " +
                        std::to_string(kMaxImageSide));
    }
  }
}

}  // namespace

std::string why_not_drawn(const Env& env) {
#ifdef SOFTAC_HAS_MUJOCO
  if (is_mujoco_env(env)) return "";
#endif
  const std::string& id = env.spec().id;
  if (find_drawing(id) != nullptr) return "";
  return "there are no pictures of " + id + ": softac can draw MuJoCo's tasks, classic control and its own tasks";
}

double step_seconds(const Env& env) {
#ifdef SOFTAC_HAS_MUJOCO
  if (is_mujoco_env(env)) return mujoco_step_seconds(env);
#endif
  const Drawing* drawing = find_drawing(env.spec().id);
  return drawing != nullptr ? drawing->step_seconds : 1.0 / 30.0;
}

std::unique_ptr<Renderer> make_renderer(const Env& env, const RenderOptions& options) {
  check_size(options);
  if (const std::string why = why_not_drawn(env); !why.empty()) throw ConfigError(why);
#ifdef SOFTAC_HAS_MUJOCO
  if (is_mujoco_env(env)) return make_mujoco_renderer(env, options);
#endif
  return std::make_unique<DrawingRenderer>(*find_drawing(env.spec().id), options);
}

}  // namespace softac
