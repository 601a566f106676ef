#include "env_arrays.h"

#include <algorithm>
#include <cstring>

namespace nb = nanobind;

namespace softac::python {

namespace {

std::string shape_text(std::span<const Py_ssize_t> shape) {
  std::string text = "(";
  for (const Py_ssize_t size : shape) text += std::to_string(size) + ", ";
  if (shape.size() > 1) text.resize(text.size() - 2);
  if (shape.size() == 1) text.pop_back();
  return text + ")";
}

template <class From, class To>
void convert(std::span<const From> from, void* to) {
  if constexpr (std::is_same_v<From, To>) {
    std::memcpy(to, from.data(), from.size_bytes());
  } else {
    std::transform(from.begin(), from.end(), static_cast<To*>(to), [](From x) { return static_cast<To>(x); });
  }
}

}  // namespace

// Of native byte order and contiguous, else false.
bool NumbersIn::open(nb::handle object) {
  if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
    PyErr_Clear();
    return false;
  }
  const char* format = view_.format != nullptr ? view_.format : "B";
  if (view_.ndim > 0 && (std::strcmp(format, "f") == 0 || std::strcmp(format, "d") == 0)) return true;
  PyBuffer_Release(&view_);
  return false;
}

NumbersIn::NumbersIn(nb::handle object) {
  if (open(object)) return;
  array_ = nb::module_::import_("numpy").attr("array")(object, "float64", nb::arg("order") = "C", nb::arg("ndmin") = 1);
  if (!open(array_)) throw nb::type_error("expected an array of numbers");
}

NumbersIn::~NumbersIn() {
  PyBuffer_Release(&view_);
}

void NumbersIn::require_shape(const char* name, const std::vector<Py_ssize_t>& expected) const {
  const std::span<const Py_ssize_t> found(view_.shape, static_cast<std::size_t>(view_.ndim));
  if (std::ranges::equal(found, expected)) return;
  throw nb::value_error(
      (std::string(name) + ": expected shape " + shape_text(expected) + ", found " + shape_text(found)).c_str());
}

ArrayMaker::ArrayMaker(const std::vector<Py_ssize_t>& shape, const char* type) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  empty_ = numpy.attr("empty");
  type_ = numpy.attr("dtype")(type);
  nb::list sizes;
  for (const Py_ssize_t size : shape) sizes.append(size);
  shape_ = nb::tuple(sizes);
}

template <class T>
nb::object ArrayMaker::make(std::span<const T> values) const {
  PyObject* made = PyObject_CallFunctionObjArgs(empty_.ptr(), shape_.ptr(), type_.ptr(), nullptr);
  if (made == nullptr) throw nb::python_error();
  nb::object array = nb::steal(made);
  Py_buffer view;
  if (PyObject_GetBuffer(made, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE) != 0) throw nb::python_error();
  if (view.itemsize == sizeof(double)) convert<T, double>(values, view.buf);
  if (view.itemsize == sizeof(float)) convert<T, float>(values, view.buf);
  if (view.itemsize == sizeof(bool)) convert<T, std::uint8_t>(values, view.buf);
  PyBuffer_Release(&view);
  return array;
}

template nb::object ArrayMaker::make(std::span<const double>) const;
template nb::object ArrayMaker::make(std::span<const float>) const;
template nb::object ArrayMaker::make(std::span<const std::uint8_t>) const;

}  // namespace softac::python
