// softac train --seeds: one child process per seed, several at a time, and one table at the end.
#pragma once

#include "commands.h"
#include "train_options.h"

namespace softac::app {

// Checks the settings once, then runs them all. Stop signals are passed on to the children, which make their
// checkpoints. Returns 0 if every run did, else the first failure's code; a stop (75, 130) only if nothing failed.
int train_seeds(Context& context, const TrainArguments& arguments);

}  // namespace softac::app
