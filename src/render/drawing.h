// Drawings of the tasks that need no simulator's renderer: classic control, after Gymnasium's, and softac's own.
#pragma once

#include <span>
#include <string>

#include "render/image.h"

namespace softac {

// How one task is drawn, from an observation (O) and the action (A, in the task's units) that led to it; the action is
// empty at the start of an episode. Fills an image that has its size already.
struct Drawing {
  const char* id;
  int width, height;    // pixels, unless another size is asked for
  double step_seconds;  // that one step shows
  void (*draw)(Image& image, std::span<const double> obs, std::span<const double> action);
};

// nullptr where there is none for the environment of that name.
const Drawing* find_drawing(const std::string& env_id);

}  // namespace softac
