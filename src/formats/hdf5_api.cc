#include "formats/hdf5_api.h"

#include <string>

#include "base/shared_library.h"
#include "formats/minari.h"
#include "softac/error.h"

namespace softac {
namespace {

// Macros of the headers stand for functions of several versions: the name after them is the library's.
#define SOFTAC_HDF5_TEXT_OF(name) #name
#define SOFTAC_HDF5_TEXT(name) SOFTAC_HDF5_TEXT_OF(name)

Hdf5Api load() {
  const SharedLibrary library("SOFTAC_HDF5_LIBRARY", {SOFTAC_HDF5_SONAME});
  if (!library.loaded()) throw IoError(minari_missing_text() + " (" + library.error() + ")");
  Hdf5Api api;
  std::string missing;
  const auto take = [&](const char* name, auto& function) {
    if (!library.find(name, function)) missing += std::string(missing.empty() ? "" : ", ") + name;
  };
#define SOFTAC_HDF5_TAKE(name) take(SOFTAC_HDF5_TEXT(name), api.name);
  SOFTAC_HDF5_FUNCTIONS(SOFTAC_HDF5_TAKE)
#undef SOFTAC_HDF5_TAKE
  const auto take_id = [&](const char* name, hid_t& id) {
    hid_t* variable = nullptr;
    take(name, variable);
    if (variable != nullptr) id = *variable;
  };
  if (missing.empty() && api.H5open() < 0) throw IoError(std::string(SOFTAC_HDF5_SONAME) + " does not start");
  take_id("H5T_NATIVE_DOUBLE_g", api.native_double);
  take_id("H5T_NATIVE_FLOAT_g", api.native_float);
  take_id("H5T_NATIVE_INT8_g", api.native_int8);
  take_id("H5T_NATIVE_INT64_g", api.native_int64);
  take_id("H5P_CLS_DATASET_CREATE_ID_g", api.dataset_create);
  take_id("H5P_CLS_FILE_ACCESS_ID_g", api.file_access);
  if (!missing.empty())
    throw IoError(std::string(SOFTAC_HDF5_SONAME) + " is no libhdf5 of this version: it lacks " + missing);
  api.H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  api.H5PLset_loading_state(0);
  return api;
}

}  // namespace

const Hdf5Api& hdf5_api() {
  static const Hdf5Api api = load();
  return api;
}

}  // namespace softac
