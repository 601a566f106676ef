// softac info: what this build is and what this machine offers.
#include <memory>

#include "base/json.h"
#include "commands.h"
#include "commands_page.h"
#include "config/presets.h"
#include "config/resolve.h"
#include "env/mujoco_version.h"
#include "exit_code.h"
#include "machine.h"
#include "math/backend.h"
#include "run/build_info.h"

namespace softac::app {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : " ") + part;
  return out;
}

int info(Context& context) {
  const std::vector<std::string> backends = available_backends();
  const std::string backend = select_kernels<float>("").name;
  if (context.json) {
    const Json out = {{"version", softac_version()},
                      {"mujoco_version", mujoco_version()},
                      {"backends", backends},
                      {"backend", backend},
                      {"cpu_features", cpu_features()},
                      {"cores", num_cores()},
                      {"methods", method_names()},
                      {"commit", softac_commit()},
                      {"tree_changed", softac_tree_changed()},
                      {"compiler", compiler_version()}};
    print_result(out.dump(2));
  } else {
    const std::string commit = softac_commit().empty() ? "" : ", commit " + softac_commit().substr(0, 10);
    print_result("softac       " + softac_version() + commit +
                 (softac_tree_changed() ? ", with changes that are in no commit" : "") + "\nMuJoCo       " +
                 (mujoco_version().empty() ? "not built in" : mujoco_version()) + "\nbackends     " + joined(backends) +
                 " (in use: " + backend + ")\nCPU          " + joined(cpu_features()) + "\ncores        " +
                 std::to_string(num_cores()) + "\ncompiler     " + compiler_version() + "\nmethods      " +
                 joined(method_names()));
  }
  return kOk;
}

}  // namespace

void add_info(Command root, Context& context) {
  auto settings = std::make_shared<bool>(false), commands = std::make_shared<bool>(false);
  Command command = root.add_command("info", "Version, libraries, backends and CPU features");
  Option page =
      command.add_flag("--settings", *settings, "Print the page of all settings and presets (Markdown) instead");
  Option command_page =
      command.add_flag("--commands", *commands, "Print the page of all commands and options (Markdown) instead")
          .excludes(page);
  add_json_option(command, context).excludes(page).excludes(command_page);
  command.on_parse([root, &context, settings, commands] {
    context.action = [root, &context, settings, commands] {
      if (!*settings && !*commands) return info(context);
      std::string text = *settings ? settings_markdown() : commands_markdown(root);
      text.pop_back();  // print_result ends the last line
      print_result(text);
      return int{kOk};
    };
  });
}

}  // namespace softac::app
