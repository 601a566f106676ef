// A policy as C99: one source file and its header, without other files, memory from the heap or state that changes.
//
//   void NAME_act(const float *observation, float *action);                        continuous actions
//   int NAME_act(const float *observation, float *logits);                         discrete actions
//   void NAME_draw(const float *observation, const float *noise, float *action);   where stochastic; of discrete
//   actions int NAME_draw(const float *observation, const float *noise, float *logits); int NAME_self_test(void); 0 if
//   all is well
//
// Where the compiler fuses multiply-adds (NAME_fma in the source says when) the actions are GraphRun's, bit for bit.
#pragma once

#include <string>
#include <vector>

#include "export/description.h"
#include "export/int16_weights.h"

namespace softac {

struct CFiles {
  std::string source, header;
  int stack_bytes = 0;  // of the largest function's buffers
};

// name: a C identifier, the prefix of all names. header_name: what the source includes. int16: null, or the weights to
// compute with, whose largest error at each action, in the environment's units (of logits with discrete actions), over
// the recorded states the comment gives; error_states: how many these were.
CFiles encode_c(const PolicyExport& policy, const std::string& name, const std::string& header_name,
                const Int16Weights* int16 = nullptr, const std::vector<double>& int16_error = {}, int error_states = 0);

// Whether a text is an identifier in C that is no keyword.
bool is_c_identifier(const std::string& text);

}  // namespace softac
