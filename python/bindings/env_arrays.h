// Actions in and observations out. An environment's step may take less than a microsecond, so NumPy arrays are read
// through Python's buffers and made by numpy.empty.
#pragma once

#include <nanobind/nanobind.h>

#include <span>
#include <string>
#include <vector>

namespace softac::python {

// The numbers of an argument while it lives: float32 and float64 arrays as they are, anything else that NumPy
// understands as a float64 copy (TypeError or ValueError if it does not).
class NumbersIn {
 public:
  explicit NumbersIn(nanobind::handle object);
  ~NumbersIn();
  NumbersIn(const NumbersIn&) = delete;
  NumbersIn& operator=(const NumbersIn&) = delete;

  // ValueError that names the argument unless the shape is the one given.
  void require_shape(const char* name, const std::vector<Py_ssize_t>& expected) const;
  bool is_float32() const { return view_.itemsize == sizeof(float); }
  template <class T>
  std::span<const T> values() const {
    return {static_cast<const T*>(view_.buf), static_cast<std::size_t>(view_.len) / sizeof(T)};
  }

 private:
  bool open(nanobind::handle object);

  nanobind::object array_;  // the copy, if one was needed
  Py_buffer view_;
};

// Makes new arrays of one shape and type: "float64", "float32" or "bool".
class ArrayMaker {
 public:
  ArrayMaker(const std::vector<Py_ssize_t>& shape, const char* type);

  // From as many values, converted to the type.
  nanobind::object operator()(std::span<const double> values) const { return make(values); }
  nanobind::object operator()(std::span<const float> values) const { return make(values); }
  nanobind::object operator()(std::span<const std::uint8_t> values) const { return make(values); }

 private:
  template <class T>
  nanobind::object make(std::span<const T> values) const;

  nanobind::object empty_, shape_, type_;
};

}  // namespace softac::python
