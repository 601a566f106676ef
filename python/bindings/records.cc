// Writers of records that Python's loops share with the C++ ones.
#include <nanobind/stl/string.h>

#include <chrono>

#include "base/posix_file_system.h"
#include "bindings.h"
#include "formats/metrics_sink.h"

namespace nb = nanobind;

namespace softac::python {
namespace {

double now_sec() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// A TensorBoard event file in a folder.
class EventWriter {
 public:
  explicit EventWriter(const std::string& folder)
      : sink_(make_tensorboard_sink(posix_file_system(), Path(folder) / tensorboard_file_name(now_sec()), now_sec())) {}

  void add_scalar(const std::string& tag, double value, std::int64_t step) {
    const Metric metric{tag, value};
    sink_->write(step, now_sec(), std::span(&metric, 1));
  }
  void flush() { sink_->flush(); }
  void close() { sink_->close(); }
  std::string path() const { return sink_->path().string(); }

 private:
  std::unique_ptr<MetricsSink> sink_;
};

}  // namespace

void bind_records(nb::module_& m) {
  nb::class_<EventWriter>(m, "EventWriter", "A TensorBoard event file in the folder `path`, which must exist.")
      .def(nb::init<const std::string&>(), nb::arg("path"))
      .def("add_scalar", &EventWriter::add_scalar, nb::arg("tag"), nb::arg("value"), nb::arg("step"),
           "One scalar, kept as float32. Written at the latest by flush() or close().")
      .def("flush", &EventWriter::flush)
      .def("close", &EventWriter::close)
      .def_prop_ro("path", &EventWriter::path);
}

}  // namespace softac::python
