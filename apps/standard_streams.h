// Descriptors 0 to 2: never anybody else's file, and results apart from what other code of the process prints.
#pragma once

#include <cstdio>

namespace softac::app {

// Opens /dev/null for those that are closed, so that no file of a run gets one of these numbers and with it the
// messages.
void secure_standard_descriptors();

// From here on results go to a descriptor of their own, and whatever prints to standard output (an environment) reaches
// standard error.
void keep_results_apart();

// Where results go: standard output as the caller gave it.
std::FILE* result_stream();

}  // namespace softac::app
