#include "bindings.h"
namespace softac::python {
void bind_settings(nanobind::module_&) {}
}  // namespace softac::python
