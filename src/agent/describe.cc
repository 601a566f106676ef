#include "agent/describe.h"

#include <utility>
#include <vector>

namespace softac {
namespace {

// E3: the logits v(s, a)/α.
int head_of_critics(PolicyGraph& graph, LearnerState<float>& state, const CriticObjective<float>& objective,
                    float alpha, int x) {
  std::vector<int> outputs;
  for (const Network<float>& net : state.critic_nets)
    outputs.push_back(net.describe(graph, state.critic_values(), x, {{"output", net.shape().out}})[0]);
  return graph.add(DivideStep{alpha}, {objective.describe_value(graph, outputs)});
}

}  // namespace

PolicyDescription describe_policy(LearnerState<float>& state, const CriticObjective<float>& objective, float alpha,
                                  int obs_dim) {
  PolicyDescription out;
  int x = out.graph.add(ObservationStep{obs_dim});
  if (state.obs_norm) {
    state.obs_norm->refresh();
    x = state.obs_norm->describe(out.graph, x);
  }
  std::vector<int> head;
  if (state.actor_nets.empty()) {
    head = {head_of_critics(out.graph, state, objective, alpha, x)};
  } else {
    std::vector<OutputPart> parts;
    for (const HeadPart& part : state.policy->head_parts()) parts.push_back({part.name, part.outputs});
    head = state.actor_nets[0].describe(out.graph, state.actor_values(), x, parts);
  }
  out.values = state.policy->describe(out.graph, head);
  if (state.actor_nets.empty()) out.values.kind += " of the critics' values (boltzmann)";
  return out;
}

}  // namespace softac
