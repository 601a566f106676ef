// softac._core: what the Python package softac is made of in C++.
#include "bindings.h"
#include "run/build_info.h"

NB_MODULE(_core, m) {
  m.doc() = "softac's C++ core.";
  m.attr("__version__") = softac::softac_version().c_str();
  softac::python::bind_errors(m);
  softac::python::bind_settings(m);
  softac::python::bind_agent(m);
  softac::python::bind_env(m);
  softac::python::bind_vec_env(m);
  softac::python::bind_window(m);
  softac::python::bind_training(m);
  softac::python::bind_exact_problems(m);
  softac::python::bind_exact(m);
  softac::python::bind_boltzmann(m);
  softac::python::bind_event_frame(m);
  softac::python::bind_figure(m);
}
