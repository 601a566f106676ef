// docs/commands.md: every command and option, made from the parser itself.
#pragma once

#include <string>

#include "cli.h"

namespace softac::app {

std::string commands_markdown(Command root);

}  // namespace softac::app
