// The steps of a policy's graph as the body of a C function, with its buffers on the stack.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "export/c_text.h"
#include "export/description.h"
#include "export/int16_weights.h"

namespace softac {

struct CBody {
  std::string text;                 // declarations and statements, @ in place of the policy's name
  std::vector<std::string> result;  // the wanted values: an array's name, or of an index its variable
  int floats = 0;                   // on the stack
  std::set<CHelper> helpers;
};

// Steps that compute the wanted values from the pointers `observation` and `noise`.
CBody c_body(const PolicyGraph& graph, const std::vector<int>& wanted, const Int16Weights* int16);

// The tables that the needed values read, with their names.
std::string c_tables(const PolicyGraph& graph, const std::vector<bool>& needed, const Int16Weights* int16);

}  // namespace softac
