// softac's exceptions as Python's: each is also the built-in kind that such an error has in Python.
#include "bindings.h"
#include "softac/error.h"

namespace nb = nanobind;

namespace softac::python {

void bind_errors(nb::module_& m) {
  // The last one that fits is raised.
  const auto base = nb::exception<Error>(m, "Error", PyExc_RuntimeError);
  const auto kind = [&](PyObject* builtin) { return nb::make_tuple(nb::handle(base), nb::handle(builtin)); };
  nb::exception<ContractError>(m, "ContractError", kind(PyExc_ValueError));
  nb::exception<ConfigError>(m, "ConfigError", kind(PyExc_ValueError));
  nb::exception<IoError>(m, "IoError", kind(PyExc_OSError));
  nb::exception<DiskError>(m, "DiskError", kind(PyExc_OSError));
  nb::exception<EnvError>(m, "EnvError", base);
  nb::exception<NumericsError>(m, "NumericsError", kind(PyExc_ArithmeticError));
  nb::exception<MemoryError>(m, "MemoryLimitError", kind(PyExc_MemoryError));
  nb::exception<StoppedError>(m, "StoppedError", base);
}

}  // namespace softac::python
