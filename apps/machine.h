// Facts about the machine that runs the command.
#pragma once

namespace softac::app {

// Processors this process may run on.
int num_cores();

}  // namespace softac::app
