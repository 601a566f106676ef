// Where a program says that the MuJoCo tasks' model files are.
#include <mutex>

#include "softac/env.h"

namespace softac {

namespace {

struct ModelDirectory {
  std::mutex mutex;
  std::string path;
};
ModelDirectory& the_model_directory() {
  static ModelDirectory instance;
  return instance;
}

}  // namespace

void set_model_directory(const std::string& directory) {
  ModelDirectory& of_program = the_model_directory();
  const std::lock_guard lock(of_program.mutex);
  of_program.path = directory;
}

std::string model_directory() {
  ModelDirectory& of_program = the_model_directory();
  const std::lock_guard lock(of_program.mutex);
  return of_program.path;
}

}  // namespace softac
