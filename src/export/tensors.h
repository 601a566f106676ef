// A policy as named tensors, for safetensors and NumPy.
//
//   NAME.weight (out, in), NAME.bias (out)   of a product, e.g. actor.layers.0, actor.mu, actor.log_std
//   NAME.weight (size), NAME.bias (size)     γ and β of a layer normalisation, e.g. actor.layers.0.norm
//   obs_norm.shift, obs_norm.scale (O)       of the normalised observations (x − shift)·scale
//   action_low, action_high (A) float64      the environment's bounds (continuous actions)
//   samples.observation (n, O) …             recorded states: noise, action (A) or action (n) and logits
//
// The words are export_words() and `steps`: the policy's steps as a JSON list, each with its kind, parameters, inputs
// (numbers of earlier steps) and the name of its tensors.
#pragma once

#include "export/description.h"
#include "formats/npz.h"
#include "formats/safetensors.h"

namespace softac {

TensorFile policy_tensors(const PolicyExport& policy);

// The same with the words as `metadata`, the bytes of a JSON object.
NpzFile policy_arrays(const PolicyExport& policy);

}  // namespace softac
