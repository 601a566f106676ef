// Pictures of native environments as arrays, and the window that render_mode="human" shows them in.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <memory>

#include "render/renderer.h"
#include "softac/vec_env.h"

namespace softac::python {

class Pictures {
 public:
  // Environment `index` now: a new array (height, width, 3) of uint8. Both sides 0: the task's own. The interpreter's
  // lock is released meanwhile. Throws as make_renderer and VecEnv::env.
  nanobind::object draw(VecEnv& envs, int index, int width, int height);
  void close() { renderer_.reset(); }

 private:
  std::unique_ptr<Renderer> renderer_;  // of all the environments, which have one task and model
  int width_ = 0, height_ = 0;
};

}  // namespace softac::python
