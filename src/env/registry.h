// The table's type, and the built-in environments that are not MuJoCo's.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "softac/env.h"

namespace softac {

using EnvEntry = std::pair<EnvInfo, EnvFactory>;

EnvEntry pendulum_entry();                 // pendulum.cc
EnvEntry mountain_car_continuous_entry();  // mountain_car.cc
EnvEntry mountain_car_entry();             // mountain_car_discrete.cc
EnvEntry cart_pole_entry();                // cart_pole.cc
EnvEntry acrobot_entry();                  // acrobot.cc
EnvEntry two_peaks_entry();                // two_peaks.cc
EnvEntry two_way_entry();                  // two_way.cc

// Environments that a function of a Python program makes have ids that begin so, and are in the table while it runs.
inline constexpr std::string_view kPythonEnvs = "python/";

// Why an id that is not in the table can be none here, and what to do; "" if it is simply unknown.
std::string env_unavailable(const std::string& id);

// Adds several entries or, if one of them does not fit, none. Throws ConfigError.
void register_envs(std::vector<EnvEntry> entries);

}  // namespace softac
