// Figures as JSON: how programs in other languages hand one over (docs/reports.md has the keys).
#pragma once

#include <string>
#include <string_view>

#include "figure/chart.h"

namespace softac::figure {

// Throws IoError with `source`, the place and what was expected there, on anything that is not such a figure. null in a
// list of numbers is a gap.
Figure figure_from_json(std::string_view text, const std::string& source);

}  // namespace softac::figure
