// The parts of softac._core, each in a file of its own.
#pragma once

#include <nanobind/nanobind.h>

namespace softac::python {

void bind_errors(nanobind::module_& m);
void bind_settings(nanobind::module_& m);
void bind_agent(nanobind::module_& m);
void bind_env(nanobind::module_& m);
void bind_vec_env(nanobind::module_& m);
void bind_window(nanobind::module_& m);
void bind_training(nanobind::module_& m);
void bind_exact_problems(nanobind::module_& m);
void bind_exact(nanobind::module_& m);
void bind_boltzmann(nanobind::module_& m);
void bind_event_frame(nanobind::module_& m);
void bind_figure(nanobind::module_& m);

}  // namespace softac::python
