#include "base/shared_library.h"

#include <dlfcn.h>

#include <cstdlib>

namespace softac {

SharedLibrary::SharedLibrary(const char* variable, const std::vector<std::string>& names) {
  std::vector<std::string> tried = names;
  if (const char* given = std::getenv(variable); given != nullptr && *given != '\0') tried = {given};
  for (const std::string& name : tried) {
    handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      name_ = name;
      return;
    }
    if (const char* message = dlerror(); error_.empty() && message != nullptr) error_ = message;
  }
}

void SharedLibrary::make_global() const {
  if (handle_ != nullptr) dlopen(name_.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

void* SharedLibrary::symbol(const char* name) const {
  return handle_ == nullptr ? nullptr : dlsym(handle_, name);
}

}  // namespace softac
