// Steps a classic task from given states with given actions, for the comparison with Gymnasium (classic_parity.py).
//
// usage: classic_rollout ID NAME=VALUE… < input > output. Each line of input is a command, all numbers in hexadecimal
// floating point: "state x v is_float" sets the state, "step a" steps. A step writes "obs… reward terminated".
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
    kwargs[text.substr(0, equals)] = std::strtod(text.c_str() + equals + 1, nullptr);
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
      state.put(numbers.at(0));
      state.put(numbers.at(1));
      if (numbers.size() > 2) state.put(static_cast<std::uint8_t>(numbers[2]));
      env->load_state(state.take());
    } else {
      const StepResult result = env->step(numbers, obs);
      for (const double x : obs) std::printf("%a ", x);
      std::printf("%a %d\n", result.reward, result.terminated ? 1 : 0);
    }
  }
  return 0;
}
