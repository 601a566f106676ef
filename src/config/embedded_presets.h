// Texts of presets/*/*.toml, compiled in by embed_presets.cmake.
#pragma once

#include <span>

namespace softac {

struct EmbeddedPreset {
  const char* folder;  // "env" or "library"
  const char* name;    // file name without .toml
  const char* text;
};

std::span<const EmbeddedPreset> embedded_presets();

}  // namespace softac
