// Constructor arguments of environments: checked against the declared ones once, in make_env, then read by type.
#pragma once

#include <string>
#include <vector>

#include "softac/env.h"

namespace softac {

// Every declared argument of info, with the given value or its default. Throws ConfigError that lists all unknown names
// (with the nearest match), all wrong types and all NaNs at once.
EnvKwargs complete_kwargs(const EnvInfo& info, const EnvKwargs& given);

// "bool", "number", "string" or "list of numbers".
const char* type_name(const EnvValue& value);
// As it would be written in TOML.
std::string to_text(const EnvValue& value);

// The value of an argument that complete_kwargs has checked.
template <class T>
const T& kwarg(const EnvKwargs& kwargs, const std::string& name) {
  const auto found = kwargs.find(name);
  SOFTAC_REQUIRE(found != kwargs.end() && std::holds_alternative<T>(found->second), name);
  return std::get<T>(found->second);
}
inline bool bool_kwarg(const EnvKwargs& kwargs, const std::string& name) {
  return kwarg<bool>(kwargs, name);
}
inline double number_kwarg(const EnvKwargs& kwargs, const std::string& name) {
  return kwarg<double>(kwargs, name);
}
inline const std::string& string_kwarg(const EnvKwargs& kwargs, const std::string& name) {
  return kwarg<std::string>(kwargs, name);
}
inline const std::vector<double>& list_kwarg(const EnvKwargs& kwargs, const std::string& name) {
  return kwarg<std::vector<double>>(kwargs, name);
}

}  // namespace softac
