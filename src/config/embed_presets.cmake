# Writes OUTPUT, a C++ source that holds the text of every file in FILES (a ;-list of …/<folder>/<name>.toml).
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WLE)
  get_filename_component(parent ${file} DIRECTORY)
  get_filename_component(folder ${parent} NAME)
  file(READ ${file} text)
  if(text MATCHES "\\)preset\"")
    message(FATAL_ERROR "${file}: must not hold the text )preset\"")
  endif()
  string(APPEND rows "    {\"${folder}\", \"${name}\", R\"preset(${text})preset\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from presets/ by embed_presets.cmake.
#include \"config/embedded_presets.h\"

namespace softac {
namespace {
constexpr EmbeddedPreset kPresets[] = {
${rows}};
}  // namespace
std::span<const EmbeddedPreset> embedded_presets() { return kPresets; }
}  // namespace softac
")
