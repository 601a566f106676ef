// How the learner's policy acts as it is now, as a graph: observation, normalisation, the actor's network (or the
// critics, of which the policy is made), and the policy's own steps.
#pragma once

#include "agent/objective.h"
#include "agent/state.h"
#include "nn/graph.h"
#include "policy/policy.h"

namespace softac {

struct PolicyDescription {
  PolicyGraph graph;
  ActingValues values;
};

// Following the graph in float gives the bits of Acting. alpha: the temperature, for a policy that is made of the
// critics. Throws ConfigError that names a part which has no description.
PolicyDescription describe_policy(LearnerState<float>& state, const CriticObjective<float>& objective, float alpha,
                                  int obs_dim);

}  // namespace softac
