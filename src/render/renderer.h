// Pictures of an environment: by MuJoCo's renderer for its tasks, by softac's drawings for the others that have one.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "render/image.h"
#include "softac/env.h"

namespace softac {

struct RenderOptions {
  int width = 0,
      height = 0;        // pixels, kMinImageSide to kMaxImageSide; both 0 = the task's own (480 × 480 for MuJoCo's)
  bool shadows = false;  // of MuJoCo's tasks
};

class Renderer {
 public:
  virtual ~Renderer() = default;
  // The present state of `env`, which is the one that the renderer was made for or another of the same task and model.
  // obs: (O), its observation; action: (A), the last one in the task's units, empty at an episode's start. Changes
  // nothing of env. Valid until the next call. Throws IoError (OpenGL).
  virtual const Image& draw(const Env& env, std::span<const double> obs, std::span<const double> action) = 0;
};

// Why there can be no pictures of this environment; "" if there can.
std::string why_not_drawn(const Env& env);

// What one step lasts in the task's own time, s; where it has none, how long it is well shown.
double step_seconds(const Env& env);

// Throws ConfigError (sizes; why_not_drawn), IoError (no OpenGL: with the packages to install).
std::unique_ptr<Renderer> make_renderer(const Env& env, const RenderOptions& options = {});

}  // namespace softac
