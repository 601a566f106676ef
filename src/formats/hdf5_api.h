// The functions of libhdf5 that are called, looked for when they are needed: the library brings some thirty others with
// it, which no command that reads no HDF5 should load. Its headers are seen by what includes this file alone.
#pragma once

#include <hdf5.h>

#include <cstdint>

namespace softac {

// clang-format off
#define SOFTAC_HDF5_FUNCTIONS(X)                                                                                  \
  X(H5open) X(H5Eset_auto2) X(H5PLset_loading_state) X(H5Iget_type)                                               \
  X(H5Fopen) X(H5Fcreate) X(H5Fclose) X(H5Fflush) X(H5Fget_file_image)                                            \
  X(H5Gopen2) X(H5Gcreate2) X(H5Gclose) X(H5Gget_info)                                                            \
  X(H5Lget_name_by_idx) X(H5Lget_info) X(H5Lexists) X(H5Oopen) X(H5Oclose)                                        \
  X(H5Dcreate2) X(H5Dget_space) X(H5Dget_type) X(H5Dget_create_plist) X(H5Dread) X(H5Dwrite) X(H5Dclose)          \
  X(H5Screate) X(H5Screate_simple) X(H5Sget_simple_extent_ndims) X(H5Sget_simple_extent_dims) X(H5Sclose)         \
  X(H5Tget_class) X(H5Tclose) X(H5Tenum_create) X(H5Tenum_insert)                                                 \
  X(H5Pcreate) X(H5Pclose) X(H5Pset_fapl_core) X(H5Pset_chunk) X(H5Pset_obj_track_times)                          \
  X(H5Pget_external_count) X(H5Pget_layout) X(H5Acreate2) X(H5Awrite) X(H5Aclose)
// clang-format on

// H5F_ACC_RDONLY and H5F_ACC_TRUNC, whose macros call the library.
inline constexpr unsigned kHdf5ReadOnly = 0x0000u, kHdf5Truncate = 0x0002u;

struct Hdf5Api {
#define SOFTAC_HDF5_MEMBER(name) decltype(&::name) name = nullptr;
  SOFTAC_HDF5_FUNCTIONS(SOFTAC_HDF5_MEMBER)
#undef SOFTAC_HDF5_MEMBER
  // Types and classes of property lists, which the headers' macros take from variables of the library.
  hid_t native_double = -1, native_float = -1, native_int8 = -1, native_int64 = -1;
  hid_t dataset_create = -1, file_access = -1;
};

// Loaded on the first call. Its messages are off, and it loads no plug-ins of its own. Throws IoError that names what
// is missing and the package.
const Hdf5Api& hdf5_api();

// An identifier of the library, closed at its end.
class Hdf5Id {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Id(hid_t id, Close close) : id_(id), close_(close) {}
  ~Hdf5Id() {
    if (id_ >= 0) close_(id_);
  }
  Hdf5Id(const Hdf5Id&) = delete;
  Hdf5Id& operator=(const Hdf5Id&) = delete;

  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_;
  Close close_;
};

}  // namespace softac
