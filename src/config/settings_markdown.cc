// docs/settings.md as text.
#include <cmath>

#include "base/text.h"
#include "config/fields.h"
#include "config/presets.h"
#include "config/resolve.h"

namespace softac {
namespace {

std::string range_text(const SettingInfo& info) {
  std::string out;
  if (!std::isinf(info.low)) out += (info.low_open ? "> " : "≥ ") + number_text(info.low);
  if (!std::isinf(info.high) && info.high < 1e9) out += (out.empty() ? "≤ " : ", ≤ ") + number_text(info.high);
  return out;
}

const char* change_text(SettingChange change) {
  switch (change) {
    case SettingChange::on_resume:
      return "resume";
    case SettingChange::in_fork:
      return "fork";
    case SettingChange::in_new_run:
      return "new run";
  }
  return "";
}

// An entry's value in the form of its setting (widths are integers, say).
std::string value_text(const SettingEntry& entry) {
  TrainConfig config;
  assign_setting(config, entry.key, entry.value);
  for (const SettingText& text : setting_texts(config)) {
    if (text.info.name == canonical_setting_name(entry.key)) return text.value;
  }
  return to_toml(entry.value);
}

// A cell of a table: | would end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

}  // namespace

std::string settings_markdown() {
  std::string out =
      "# Settings\n\n"
      "Made by `softac info --settings`; a test compares. Names and meanings are Stable-Baselines3's where it has the "
      "setting.\n"
      "Frequencies count environment steps, never calls. Set them in a TOML file (`--config`) or by `--set "
      "key=value`.\n"
      "Precedence: defaults < environment preset < `--preset` < `--method` < file < `--set` < options such as "
      "`--steps` and `--seed`.\n"
      "An environment's constructor arguments (`softac env info ENV` lists them) are `env_kwargs.NAME`, in a file the "
      "table\n"
      "`[env_kwargs]`, and may change in a fork.\n\n"
      "*Change* says from when on a setting may have another value: whenever the run resumes (`softac resume RUN "
      "--set …`),\n"
      "since it changes nothing that is learnt; in a fork (`softac train --fork RUN --set …`); or in a new run alone, "
      "since a\n"
      "checkpoint holds what it decides.\n";
  std::string_view group;
  for (const SettingText& text : setting_texts(TrainConfig{})) {
    if (text.info.group != group) {
      group = text.info.group;
      out += "\n## " + std::string(group) +
             "\n\n| setting | kind | range | default | change | meaning |\n| --- | --- | --- | --- | --- | --- |\n";
    }
    out += "| `" + std::string(text.info.name) + "` | " + cell(text.kind) + " | " + range_text(text.info) + " | `" +
           text.value + "` | " + change_text(text.info.change) + " | " + cell(std::string(text.info.doc)) + " |\n";
  }
  auto list = [&](const std::vector<Preset>& presets) {
    for (const Preset& preset : presets) {
      out += "\n**" + preset.name + "**: " + preset.description + "\n\n```toml\n";
      for (const SettingEntry& entry : preset.entries) out += entry.key + " = " + value_text(entry) + "\n";
      out += "```\n";
    }
  };
  out += "\n## Presets: other libraries' settings and habits (`--preset`)\n";
  list(library_presets());
  out += "\n## Methods: published variants of SAC (`--method`), on top of an environment's preset\n";
  list(method_presets());
  out += "\n## Presets of environments (always applied, first)\n";
  list(env_presets());
  return out;
}

}  // namespace softac
