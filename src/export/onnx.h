// A policy as an ONNX model (https://onnx.ai/onnx/repo-docs/IR.html): opset 13, IR version 7, a symbolic batch size.
//
//   inputs   observation (batch, O) float; where stochastic noise (batch, noise_size) float
//   outputs  action (batch, A) float in the environment's units; with discrete actions action (batch) int64, logits and
//            probabilities (batch, num_actions) float
//
// Normalisation, squashing and rescaling are inside. metadata_props hold export_words().
#pragma once

#include <string>

#include "export/description.h"

namespace softac {

// The file's bytes.
std::string encode_onnx(const PolicyExport& policy);

}  // namespace softac
