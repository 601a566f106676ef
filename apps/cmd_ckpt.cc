// softac ckpt ls|verify RUN: the checkpoints of a run, and whether they are as they were written.
#include <cstdio>
#include <memory>

#include "base/json.h"
#include "commands.h"
#include "exit_code.h"
#include "softac/error.h"
#include "softac/evaluation.h"

namespace softac::app {
namespace {

struct CkptArguments {
  std::string run;
  std::int64_t step = -1;
};

std::uint64_t bytes_of(const CheckpointInfo& info) {
  std::uint64_t bytes = 0;
  for (const CheckpointInfo::File& file : info.files) bytes += file.bytes;
  return bytes;
}

Json json_of(const CheckpointInfo& info) {
  Json out = {
      {"name", info.name},         {"path", info.path},   {"step", info.step},       {"state_hash", info.state_hash},
      {"complete", info.complete}, {"error", info.error}, {"bytes", bytes_of(info)}, {"files", Json::array()}};
  for (const CheckpointInfo::File& file : info.files)
    out["files"].push_back({{"name", file.name}, {"bytes", file.bytes}, {"ok", file.ok}});
  return out;
}

std::string line_of(const CheckpointInfo& info) {
  char text[128];
  std::snprintf(text, sizeof text, "%-22s %12lld  %-16s %12llu bytes  ", info.name.c_str(),
                static_cast<long long>(info.step), info.state_hash.c_str(),
                static_cast<unsigned long long>(bytes_of(info)));
  return text + (info.complete ? std::string("complete") : "DAMAGED: " + info.error);
}

std::string lines_of(const std::vector<CheckpointInfo>& all) {
  std::string text;
  for (const CheckpointInfo& info : all) {
    if (!text.empty()) text += '\n';
    text += line_of(info);
  }
  return text;
}

int list(Context& context, const CkptArguments& arguments) {
  const auto all = list_checkpoints(arguments.run, false);
  if (context.json) {
    auto out = Json::array();
    for (const CheckpointInfo& info : all) out.push_back(json_of(info));
    print_result(out.dump(2));
    return kOk;
  }
  print_result(all.empty() ? "no checkpoints" : lines_of(all));
  return kOk;
}

// Reads every byte of every checkpoint, or of that of one step. The result describes the newest of them that is intact.
int verify(Context& context, const CkptArguments& arguments) {
  auto all = list_checkpoints(arguments.run, true);
  if (arguments.step >= 0) std::erase_if(all, [&](const CheckpointInfo& info) { return info.step != arguments.step; });
  if (all.empty()) {
    throw IoError(arguments.run + ": no checkpoint" +
                  (arguments.step >= 0 ? " of step " + std::to_string(arguments.step) : std::string()));
  }
  const CheckpointInfo* newest = nullptr;
  std::string damaged;
  for (const CheckpointInfo& info : all) {
    if (info.complete)
      newest = &info;
    else
      damaged += "\n  " + info.name + ": " + info.error;
  }
  if (context.json) {
    Json out = json_of(newest != nullptr ? *newest : all.back());
    out["checkpoints"] = Json::array();
    for (const CheckpointInfo& info : all) out["checkpoints"].push_back(json_of(info));
    print_result(out.dump(2));
  } else {
    print_result(lines_of(all));
  }
  if (!damaged.empty()) {
    context.terminal.error("damaged checkpoints:" + damaged);
    return kFile;
  }
  return kOk;
}

}  // namespace

void add_ckpt(Command root, Context& context) {
  Command command = root.add_command("ckpt", "Checkpoints of a run");
  command.require_command();
  const auto add = [&](const char* name, const char* description, int (*action)(Context&, const CkptArguments&)) {
    auto arguments = std::make_shared<CkptArguments>();
    Command sub = command.add_command(name, description);
    sub.add_option("RUN", arguments->run, "Run directory").required();
    if (action == verify)
      sub.add_option("--step", arguments->step, "Only the checkpoint of this environment step").value_name("N");
    add_json_option(sub, context);
    sub.on_parse([&context, arguments, action] {
      context.action = [&context, arguments, action] { return action(context, *arguments); };
    });
  };
  add("ls", "List them", list);
  add("verify", "Read every byte and compare with the sums of the manifests", verify);
}

}  // namespace softac::app
