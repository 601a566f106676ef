// Steps a classic task from given states with given actions, for the comparison with Gymnasium (classic_parity.py).
//
// usage: classic_rollout ID NAME=VALUE… < input > output. Each line of input is a command, all numbers in hexadecimal
// floating point: "state x v [is_float]" or "state a b c d" sets the state, "step a" steps. A step writes "obs… reward
// terminated".
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "env/state_bytes.h"
#include "softac/env.h"

int main(int argc, char** argv) {
  using namespace softac;
  if (argc < 2) return 2;
  EnvKwargs kwargs;
  for (int i = 2; i < argc; ++i) {
    const std::string text = argv[i];
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
    if (value == "True" || value == "False")
      kwargs[name] = value == "True";
    else
      kwargs[name] = std::strtod(value.c_str(), nullptr);
  }
  const auto env = make_env(argv[1], kwargs);
  std::vector<double> obs(static_cast<std::size_t>(env->spec().obs_dim));
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    std::string command, word;
    in >> command;
    std::vector<double> numbers;
    while (in >> word) numbers.push_back(std::strtod(word.c_str(), nullptr));
    if (command == "state") {
      StateWriter state;
      // Three numbers are two and a flag; else all are numbers of the state.
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (numbers.size() == 3 && i == 2)
          state.put(static_cast<std::uint8_t>(numbers[i]));
        else
          state.put(numbers[i]);
      }
      env->load_state(state.take());
    } else {
      const StepResult result = env->step(numbers, obs);
      for (const double x : obs) std::printf("%a ", x);
      std::printf("%a %d\n", result.reward, result.terminated ? 1 : 0);
    }
  }
  return 0;
}
