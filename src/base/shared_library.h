// Libraries that a machine may or may not have, found when they are needed.
#pragma once

#include <string>
#include <vector>

namespace softac {

class SharedLibrary {
 public:
  // The first of the names that can be loaded; where the environment variable is set, what it names alone. It stays
  // loaded to the end of the process.
  SharedLibrary(const char* variable, const std::vector<std::string>& names);

  bool loaded() const { return handle_ != nullptr; }
  const std::string& error() const { return error_; }  // why it is not, as the system says it
  // Makes its symbols those that dlsym finds without a handle, which is where MuJoCo looks for OpenGL.
  void make_global() const;

  // Fills `function` with the symbol of that name; false, and nullptr, where it has none.
  template <class Function>
  bool find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(symbol(name));
    return function != nullptr;
  }

 private:
  void* symbol(const char* name) const;

  void* handle_ = nullptr;
  std::string name_, error_;
};

}  // namespace softac
