// The replay of an Agent as an object of its own.
#pragma once

#include <stdexcept>

#include "agent.h"

namespace softac::python {

// The replay of an agent, which lives as long. The garbage collector knows it as one that holds the agent (and may take
// it away): cycles through a replay are found.
struct Replay {
  nb::object owner;
  Agent& agent() const {
    if (!owner.is_valid()) throw std::runtime_error("the agent of this replay is gone");
    return *nb::inst_ptr<Agent>(owner);
  }
};

void bind_replay(nb::module_& m);

}  // namespace softac::python
