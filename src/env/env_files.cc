#include "env/env_files.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#ifdef SOFTAC_HAS_MUJOCO
#include "env/mujoco/model_files.h"
#endif

namespace softac {

namespace {

std::filesystem::path model_file([[maybe_unused]] const EnvInfo& info, [[maybe_unused]] const EnvArgument& argument,
                                 [[maybe_unused]] const std::string& value) {
#ifdef SOFTAC_HAS_MUJOCO
  if (info.family == "mujoco" && argument.name == "xml_file") return find_model_file(value);
#endif
  return {};
}

// Values of an attribute in a text of XML, comments included: what is no file is left out later.
std::vector<std::string> attribute_values(const std::string& xml, const std::string& name) {
  std::vector<std::string> values;
  const std::string key = name + "=";
  for (std::size_t at = xml.find(key); at != std::string::npos; at = xml.find(key, at + 1)) {
    const std::size_t begin = at + key.size();
    const bool starts = at > 0 && (std::string_view(" \t\r\n").find(xml[at - 1]) != std::string_view::npos);
    if (!starts || begin >= xml.size() || (xml[begin] != '"' && xml[begin] != '\'')) continue;
    const std::size_t end = xml.find(xml[begin], begin + 1);
    if (end == std::string::npos) break;
    values.push_back(xml.substr(begin + 1, end - begin - 1));
  }
  return values;
}

// The model file, those that it includes, and its meshes, height fields and textures, each where MuJoCo looks for it.
std::set<std::filesystem::path> model_parts(const std::filesystem::path& model) {
  constexpr std::size_t kMaxFiles = 1000;
  constexpr std::uintmax_t kMaxXmlBytes = 64 << 20;
  std::set<std::filesystem::path> found = {model};
  std::set<std::string> folders = {""};
  std::vector<std::filesystem::path> unread = {model};
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    for (const std::string& folder : folders) {
      const auto path = (model.parent_path() / folder / name).lexically_normal();
      std::error_code error;
      if (found.size() < kMaxFiles && std::filesystem::is_regular_file(path, error) && found.insert(path).second &&
          path.extension() == ".xml")
        unread.push_back(path);
    }
  };
  while (!unread.empty()) {
    const std::filesystem::path path = unread.back();
    unread.pop_back();
    std::error_code error;
    if (std::filesystem::file_size(path, error) > kMaxXmlBytes || error) continue;
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    const std::string xml = text.str();
    for (const char* attribute : {"meshdir", "texturedir", "assetdir"}) {
      for (std::string& folder : attribute_values(xml, attribute)) folders.insert(std::move(folder));
    }
    for (std::string& name : attribute_values(xml, "file")) names.push_back(std::move(name));
    std::ranges::for_each(names, add);  // all again: a folder may be named after what lies in it
  }
  return found;
}

}  // namespace

std::vector<EnvFile> env_files(const std::string& id, const EnvKwargs& kwargs) {
  std::vector<EnvFile> files;
  const EnvInfo info = find_env(id);
  for (const EnvArgument& argument : info.arguments) {
    const auto given = kwargs.find(argument.name);
    const auto* text = std::get_if<std::string>(given == kwargs.end() ? &argument.default_value : &given->second);
    if (text == nullptr) continue;
    const std::filesystem::path model = model_file(info, argument, *text);
    std::error_code error;
    if (!model.empty()) {
      for (const auto& path : model_parts(std::filesystem::absolute(model).lexically_normal()))
        files.push_back({argument.name, path});
    } else if (text->starts_with('/') && std::filesystem::is_regular_file(*text, error)) {
      files.push_back({argument.name, std::filesystem::path(*text).lexically_normal()});
    }
  }
  return files;
}

}  // namespace softac
