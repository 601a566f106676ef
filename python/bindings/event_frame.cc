// The frame of an event in TensorBoard's files, for the Python package's writer.
#include "formats/event_frame.h"

#include "bindings.h"

namespace nb = nanobind;

namespace softac::python {

void bind_event_frame(nb::module_& m) {
  m.def(
      "event_frame",
      [](const nb::bytes& event) {
        std::string frame;
        append_event_frame(frame, {event.c_str(), event.size()});
        return nb::bytes(frame.data(), frame.size());
      },
      nb::arg("event"), "An encoded Event as it stands in TensorBoard's files: with its length and checksums.");
}

}  // namespace softac::python
