// Settings between Python's values and softac's.
#pragma once

#include <nanobind/nanobind.h>

#include "config/setting_value.h"
#include "softac/sac_config.h"

namespace softac::python {

// bool, int, float, str, or a list or tuple of numbers or texts, NumPy's scalars included. TypeError, naming the
// setting, on anything else.
SettingValue setting_value(const std::string& name, nanobind::handle value);

// The learner's settings from keyword arguments; net_arch may be {"pi": …, "qf": …}. ConfigError with all that are
// unknown or of the wrong kind.
SacConfig learner_config(const nanobind::kwargs& settings);

// Name → value of all the learner's settings.
nanobind::dict learner_settings(const SacConfig& config);

}  // namespace softac::python
