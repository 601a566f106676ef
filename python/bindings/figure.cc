// Figures as SVG, from the JSON that softac.figure makes.
#include <nanobind/stl/string.h>

#include "bindings.h"
#include "figure/chart_json.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace softac::python {

void bind_figure(nb::module_& m) {
  m.def(
      "figure_svg", [](const std::string& json) { return figure::draw(figure::figure_from_json(json, "figure")); },
      "json"_a, nb::call_guard<nb::gil_scoped_release>(), "See softac.figure.draw.");
}

}  // namespace softac::python
