#include "bindings.h"
namespace softac::python {
void bind_agent(nanobind::module_&) {}
}  // namespace softac::python
