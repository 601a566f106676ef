// Whatever the bytes are, environments load them or throw IoError, and continue.
#include <cstdint>
#include <memory>
#include <vector>

#include "softac/vec_env.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::unique_ptr<softac::Env>> envs;
  for (int i = 0; i < 2; ++i) envs.push_back(softac::make_env("Pendulum-v1"));
  softac::VecEnv vec(std::move(envs), {});
  vec.reset();
  try {
    vec.load_state(std::as_bytes(std::span(data, size)));
    const std::vector<float> actions(2, 0.5f);
    vec.step(actions);
  } catch (const softac::IoError&) {
  } catch (const softac::EnvError&) {  // a state that is not finite
  }
  return 0;
}
