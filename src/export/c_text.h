// Pieces of C source: numbers that read back to the same bits, tables, and the functions behind the steps.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

namespace softac {

std::string c_float(float x);    // "0.1f"
std::string c_double(double x);  // "0.1"

// "static const TYPE NAME[N] = {…};" in lines of at most 120 columns.
std::string c_table(const std::string& type, const std::string& name, const std::vector<std::string>& items);

// Words of people inside a comment: nothing in them ends it or makes a trigraph, and each is one line.
std::string c_comment_text(std::string text);

// Functions that generated code calls. Texts have @ in place of the policy's name.
enum class CHelper {
  bits,
  of_bits,
  round,
  pow2,
  reduced_expm1,
  expm1,
  exp,
  log,
  tanh,
  elu,
  sigmoid,
  lane_tree,
  sqrt,
  layer_norm,
  rms_norm,
  log_softmax,
  argmax,
  draw,
  rescale
};

// The definitions of those that are used and of what they call, in order.
std::string c_helpers(const std::set<CHelper>& used);

// Names in place of @.
std::string c_named(std::string text, const std::string& name);

}  // namespace softac
