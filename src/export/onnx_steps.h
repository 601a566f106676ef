// The steps of a policy's graph as ONNX nodes.
#pragma once

#include "export/description.h"
#include "export/onnx_graph.h"

namespace softac {

// Adds inputs, nodes, constants and outputs.
void write_onnx_steps(const PolicyExport& policy, OnnxGraph& graph);

}  // namespace softac
