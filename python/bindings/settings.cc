#include "settings.h"

#include <nanobind/stl/string.h>

#include <algorithm>

#include "bindings.h"
#include "config/fields.h"
#include "softac/error.h"

namespace nb = nanobind;

namespace softac::python {
namespace {

bool is_number(nb::handle value) {
  return PyIndex_Check(value.ptr()) || PyFloat_Check(value.ptr()) || nb::hasattr(value, "__float__");
}

bool is_bool(nb::handle value) {
  return PyBool_Check(value.ptr()) || std::string_view(Py_TYPE(value.ptr())->tp_name).starts_with("numpy.bool");
}

[[noreturn]] void refuse_type(const std::string& name, nb::handle value) {
  throw nb::type_error((name + ": a " + std::string(Py_TYPE(value.ptr())->tp_name) +
                        " is no setting's value; give a number, text, truth value, or a list of numbers or texts")
                           .c_str());
}

SettingValue list_value(const std::string& name, nb::handle value) {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (nb::handle item : value) {
    if (nb::isinstance<nb::str>(item)) {
      texts.push_back(nb::cast<std::string>(item));
    } else if (is_number(item) && !is_bool(item)) {
      numbers.push_back(nb::cast<double>(nb::float_(item)));
    } else {
      refuse_type(name, item);
    }
  }
  if (!texts.empty() && !numbers.empty()) refuse_type(name, value);
  if (!texts.empty()) return texts;
  return numbers;
}

}  // namespace

SettingValue setting_value(const std::string& name, nb::handle value) {
  if (is_bool(value)) return PyObject_IsTrue(value.ptr()) == 1;
  if (nb::isinstance<nb::str>(value)) return nb::cast<std::string>(value);
  if (PyIndex_Check(value.ptr())) {
    const nb::object index = nb::steal(PyNumber_Index(value.ptr()));
    if (!index.is_valid()) throw nb::python_error();
    const long long number = PyLong_AsLongLong(index.ptr());
    if (number == -1 && PyErr_Occurred()) throw nb::python_error();
    return std::int64_t{number};
  }
  if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr())) return list_value(name, value);
  if (is_number(value) && !nb::isinstance<nb::dict>(value)) return nb::cast<double>(nb::float_(value));
  refuse_type(name, value);
}

SacConfig learner_config(const nb::kwargs& settings) {
  TrainConfig config;
  std::string wrong;
  const auto assign = [&](const std::string& name, nb::handle value) {
    std::string error;
    const std::string canonical = canonical_setting_name(name);
    if (!is_learner_setting(canonical)) {
      const std::vector<std::string> names = setting_names();
      error = std::ranges::find(names, canonical) != names.end() ? name + ": a setting of a run, not of a learner"
                                                                 : assign_setting(config, name, false);
    } else {
      error = assign_setting(config, name, setting_value(name, value));
    }
    if (!error.empty()) wrong += (wrong.empty() ? "" : "\n  ") + error;
  };
  for (auto [key, value] : settings) {
    const auto name = nb::cast<std::string>(key);
    if (name == "net_arch" && nb::isinstance<nb::dict>(value)) {
      for (auto [part, widths] : nb::borrow<nb::dict>(value))
        assign("net_arch." + std::string(nb::str(part).c_str()), widths);
    } else {
      assign(name, value);
    }
  }
  if (!wrong.empty()) throw ConfigError(wrong);
  return config.sac;
}

nb::dict learner_settings(const SacConfig& sac) {
  TrainConfig config;
  config.sac = sac;
  const nb::object loads = nb::module_::import_("json").attr("loads");
  nb::dict out;
  for (const SettingText& text : setting_texts(config)) {
    const std::string name(text.info.name);
    if (is_learner_setting(name)) out[nb::cast(name)] = loads(text.value);
  }
  return out;
}

void bind_settings(nb::module_& m) {
  m.def(
      "learner_settings", [] { return learner_settings({}); }, nb::sig("def learner_settings() -> dict[str, object]"),
      "Names and defaults of the learner's settings (docs/settings.md).");
}

}  // namespace softac::python
