// Facts about the machine that runs the command.
#pragma once

namespace softac::app {

// Processors this process may keep busy: its affinity, and what its control groups allow.
int num_cores();

}  // namespace softac::app
