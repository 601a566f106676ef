// Small text on pictures.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "render/image.h"

namespace softac {

// Writes lines into the top left corner, white on a darkened ground, in a size that suits the picture. Lines that are
// too long go on below; what does not fit below is left out. Letters without a glyph are shown as a box.
void draw_text(Image& image, const std::vector<std::string>& lines);

// "return 12.3  step 45" and "action 0.12 -0.50 …" (none at an episode's start); discrete: the action's whole part.
std::vector<std::string> overlay_lines(double episode_return, long long step, std::span<const double> action,
                                       bool discrete = false);

}  // namespace softac
