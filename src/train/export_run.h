// The policy of a run or of a saved model, written to a file of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "softac/evaluation.h"

namespace softac {

enum class ExportFormat { onnx, c, safetensors, numpy };

struct ExportRunOptions {
  EvaluateOptions policy;  // episodes and seed have no meaning here
  ExportFormat format = ExportFormat::onnx;
  std::string output;       // "" = export/policy.onnx, .c, .safetensors or .npz in the run, beside a
                            // saved model under its name; C: ends in .c
  bool stochastic = false;  // actions drawn by an input `noise`
  bool int16 = false;       // C: weights of 16 bits
  std::string name;         // C: prefix of all names; "" = the output's name where that is an identifier, else "policy"
};

struct ExportRunResult {
  std::vector<std::string> files;
  std::string env_id, model_path, policy, state_hash;
  std::int64_t step = 0;
  bool discrete = false;
  int states = 0;            // recorded for samples and errors
  double int16_error = 0.0;  // C with weights of 16 bits: the largest over these states, in half ranges of an action;
                             // with discrete actions of a logit
  int stack_bytes = 0;       // C: of the buffers
  std::vector<std::string> warnings;
};

// Records states of the deterministic policy in a fresh environment, checks that what is written gives softac's own
// actions there, and writes the files beside and renames them. run: a run directory, or a file that the Python package
// saved, whose states are drawn at random. Throws IoError, ConfigError (a policy that cannot be exported, by name),
// EnvError, NumericsError, DiskError.
ExportRunResult export_run(const std::string& run, const ExportRunOptions& options);

}  // namespace softac
