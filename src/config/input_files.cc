#include "config/input_files.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/file_system.h"
#include "base/sha256.h"
#include "config/offline_files.h"
#include "env/env_files.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr const char* kPlugins = "env_plugins";
constexpr const char* kOffline = "offline_data";
constexpr std::string_view kKwargs = "env_kwargs.";

InputFile input_file(const std::string& setting, const std::filesystem::path& path) {
  const std::filesystem::path full = std::filesystem::absolute(path).lexically_normal();
  const auto file = posix_file_system().open_read(full);
  std::vector<std::byte> chunk(1 << 16);
  Sha256 sum;
  for (std::uint64_t at = 0; at < file->size();) {
    const auto part = std::span(chunk).first(std::min<std::uint64_t>(chunk.size(), file->size() - at));
    file->read_at(at, part);
    sum.update(part);
    at += part.size();
  }
  return {setting, full.string(), to_hex(sum.finish())};
}

// How the user names the file of a setting anew.
std::string option_of(const std::string& setting) {
  return setting == kPlugins ? "--env-plugin FILE" : "--set " + setting + (setting == kOffline ? "=PATH" : "=FILE");
}

std::string joined(const std::vector<const InputFile*>& files, std::string InputFile::*field) {
  std::string out;
  for (const InputFile* file : files) out += (out.empty() ? "" : ", ") + file->*field;
  return out;
}

std::string absolute_text(const std::string& text, const std::filesystem::path& base) {
  const char* home = std::getenv("HOME");
  if (text.starts_with("~/") && home != nullptr) return (std::filesystem::path(home) / text.substr(2)).string();
  return (base / text).lexically_normal().string();
}

}  // namespace

std::vector<InputFile> plugin_files(const TrainConfig& config) {
  std::vector<InputFile> files;
  for (const std::string& plugin : config.env_plugins) {
    try {
      files.push_back(input_file(kPlugins, plugin));
    } catch (const IoError& error) {
      throw IoError(std::string("environment plugin ") + error.what() + "; " + option_of(kPlugins) +
                    " names its new place");
    }
  }
  return files;
}

std::vector<InputFile> model_files(const TrainConfig& config) {
  std::vector<InputFile> files;
  try {
    for (const EnvFile& file : env_files(config.env_id, config.env_kwargs))
      files.push_back(input_file(std::string(kKwargs) + file.argument, file.path));
  } catch (const IoError& error) {
    throw IoError(std::string(error.what()) + "; " + option_of(std::string(kKwargs) + "xml_file") +
                  " names its new place");
  }
  return files;
}

std::vector<InputFile> offline_files(const TrainConfig& config) {
  std::vector<InputFile> files;
  if (config.offline_data.empty()) return files;
  try {
    for (const Path& file : find_offline_source(posix_file_system(), config.offline_data).files)
      files.push_back(input_file(kOffline, file));
  } catch (const IoError& error) {
    throw IoError(std::string(error.what()) + "; " + option_of(kOffline) + " names its new place");
  }
  return files;
}

std::vector<InputFile> input_files(const TrainConfig& config) {
  std::vector<InputFile> files = plugin_files(config);
  for (const auto& more : {model_files(config), offline_files(config)})
    files.insert(files.end(), more.begin(), more.end());
  return files;
}

InputChanges compare_input_files(const std::vector<InputFile>& recorded, const std::vector<InputFile>& now) {
  InputChanges changes;
  std::set<std::string> settings;
  for (const InputFile& file : recorded) settings.insert(file.setting);
  for (const std::string& setting : settings) {
    const auto of_setting = [&setting](const std::vector<InputFile>& files) {
      std::vector<const InputFile*> out;
      for (const InputFile& file : files) {
        if (file.setting == setting) out.push_back(&file);
      }
      return out;
    };
    const auto before = of_setting(recorded), after = of_setting(now);
    const auto contents = [](const std::vector<const InputFile*>& files) {
      std::multiset<std::string> sums;
      for (const InputFile* file : files) sums.insert(file->sha256);
      return sums;
    };
    const std::string paths = joined(before, &InputFile::path), new_paths = joined(after, &InputFile::path);
    const bool moved = paths != new_paths;
    if (contents(before) == contents(after)) {
      changes.same.push_back(setting);
      if (moved) changes.moved.push_back(setting + ": " + new_paths + " is what the run had as " + paths);
    } else {
      changes.changed.push_back(setting + ": " + (after.empty() ? "no file" : new_paths) + " (SHA-256 " +
                                joined(after, &InputFile::sha256) + ") is not what the run had" +
                                (moved ? " as " + paths : "") + " (" + joined(before, &InputFile::sha256) + ")");
    }
  }
  return changes;
}

void refuse_changed_inputs(const std::string& run, const InputChanges& changes, bool allowed) {
  if (allowed || changes.changed.empty()) return;
  std::string text = run + ": files that the run reads have changed:", options;
  for (const std::string& change : changes.changed) {
    text += "\n  " + change;
    const std::string option = option_of(change.substr(0, change.find(": ")));
    if (options.find(option) == std::string::npos) options += (options.empty() ? "" : ", ") + option;
  }
  throw IoError(text + "\nput the old one back or name it (" + options + "), or go on with --allow-changed");
}

void make_paths_absolute(std::vector<SettingEntry>& entries, const std::filesystem::path& base) {
  for (SettingEntry& entry : entries) {
    auto* text = std::get_if<std::string>(&entry.value);
    if (entry.key == kOffline && text != nullptr && !text->empty()) {
      *text = absolute_text(*text, base);
    } else if (entry.key == kPlugins) {
      if (auto* texts = std::get_if<std::vector<std::string>>(&entry.value)) {
        for (std::string& path : *texts) path = absolute_text(path, base);
      }
    } else if (entry.key.starts_with(kKwargs) && text != nullptr &&
               (text->starts_with("./") || text->starts_with("../") || text->starts_with("~/"))) {
      *text = absolute_text(*text, base);
    } else if (entry.key.starts_with(kKwargs) && text != nullptr && text->starts_with('.')) {
      std::error_code error;  // ".models/ant.xml", but not any text with a point
      if (std::filesystem::is_regular_file(base / *text, error)) *text = absolute_text(*text, base);
    }
  }
}

}  // namespace softac
