// Environments that a Python function makes, in softac's table for as long as a run needs them.
//
// The interpreter's lock is taken for each call. reset(rng) is env.reset(seed = 31 bits of one word of rng): so a run
// depends on its seed alone, and each episode on its own. Actions are fresh arrays in the space's shape and type.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>

#include "run_control.h"
#include "softac/env.h"

namespace softac::python {

// make(): an object as softac.python_env.EnvParts, for one environment.
struct EnvMaker {
  std::string id;
  nanobind::object make;
  RunControl* control = nullptr;  // outlives the environments
};

// Registers the id while it lives; the environments themselves can be made on the thread that it was made on. Scopes
// with the same id may live side by side on several threads.
class EnvMakerScope {
 public:
  // arguments: given to the maker already, for config.toml. Throws ConfigError.
  EnvMakerScope(EnvMaker maker, const EnvKwargs& arguments);
  ~EnvMakerScope();
  EnvMakerScope(const EnvMakerScope&) = delete;
  EnvMakerScope& operator=(const EnvMakerScope&) = delete;

 private:
  EnvMaker maker_;
  const EnvMaker* outer_;
};

}  // namespace softac::python
