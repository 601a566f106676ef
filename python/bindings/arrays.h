// NumPy arrays in and out.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace softac::python {

namespace nb = nanobind;

// What may be converted: another type or order is copied.
using Floats = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Flags = nb::ndarray<const bool, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
// What is written into: taken as it is or refused.
using FloatsOut = nb::ndarray<float, nb::c_contig, nb::device::cpu>;

std::string shape_of(const std::vector<std::int64_t>& shape);  // "(3, 5)"

template <class Array>
std::vector<std::int64_t> shape(const Array& array) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < array.ndim(); ++i) out.push_back(static_cast<std::int64_t>(array.shape(i)));
  return out;
}

template <class Values>
auto span_of(const Values& values) {
  return std::span(values.data(), values.size());
}

// ValueError that names the argument unless the shape is the one given.
template <class Array>
void require_shape(const Array& array, const char* name, const std::vector<std::int64_t>& expected) {
  const auto found = shape(array);
  if (found == expected) return;
  throw nb::value_error(
      (std::string(name) + ": expected shape " + shape_of(expected) + ", found " + shape_of(found)).c_str());
}

// A path from text, bytes or os.PathLike. TypeError on anything else, ValueError where it holds a zero byte.
std::string path_of(nb::handle path);

// An array of its own with these values.
template <class T>
nb::object to_numpy(std::vector<T> data, const std::vector<std::int64_t>& shape) {
  auto* kept = new std::vector<T>(std::move(data));
  nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  std::vector<std::size_t> sizes(shape.begin(), shape.end());
  return nb::cast(nb::ndarray<nb::numpy, T>(kept->data(), sizes.size(), sizes.data(), owner));
}

// A new array, not filled.
template <class T>
nb::ndarray<nb::numpy, T> make_array(const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (const std::int64_t n : shape) count *= static_cast<std::size_t>(n);
  auto data = std::make_unique<T[]>(count);
  T* kept = data.get();
  nb::capsule owner(data.release(), [](void* p) noexcept { delete[] static_cast<T*>(p); });
  std::vector<std::size_t> sizes(shape.begin(), shape.end());
  return nb::ndarray<nb::numpy, T>(kept, sizes.size(), sizes.data(), owner);
}

template <class T, std::size_t N>
using Array = nb::ndarray<nb::numpy, T, nb::ndim<N>, nb::c_contig>;
template <class T, std::size_t N>
using ConstArray = nb::ndarray<nb::numpy, const T, nb::ndim<N>, nb::c_contig>;

// An argument: any array that converts to T without loss of its form.
template <class T, std::size_t N>
using Argument = nb::ndarray<const T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;

// Takes the values over.
template <std::size_t N, class T>
Array<T, N> to_array(std::vector<T> values, const std::size_t (&shape)[N]) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return Array<T, N>(kept->data(), N, shape, owner);
}

template <class T>
Array<T, 1> to_array(std::vector<T> values) {
  const std::size_t shape[1] = {values.size()};
  return to_array<1>(std::move(values), shape);
}

// Shows values that owner keeps, without a copy; Python cannot write them.
template <std::size_t N, class T>
ConstArray<T, N> view(const std::vector<T>& values, const std::size_t (&shape)[N], nb::handle owner) {
  return ConstArray<T, N>(values.data(), N, shape, owner);
}

}  // namespace softac::python
