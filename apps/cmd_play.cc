// softac play RUN: episodes of a run's policy as a video, as pictures, or in a window.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "commands.h"
#include "exit_code.h"
#include "paths.h"
#include "play_window.h"
#include "policy_options.h"
#include "render/overlay.h"
#include "render/renderer.h"
#include "render/video.h"
#include "run/run_dir.h"
#include "signals.h"
#include "softac/error.h"
#include "train/play_run.h"

namespace softac::app {
namespace {

struct PlayArguments : EpisodeOptions {
  PlayArguments() { min_episodes = 0; }  // 0: one, in a window any number

  bool deterministic = false, stochastic = false;
  std::string video, size;
  bool shadows = false, overlay = false;
};

constexpr int kMujocoWidth = 640, kMujocoHeight = 480;

RenderOptions render_options(const PlayArguments& arguments) {
  RenderOptions options;
  options.shadows = arguments.shadows;
  if (arguments.size.empty()) return options;
  char rest = 0;
  if (std::sscanf(arguments.size.c_str(), "%5dx%5d%c", &options.width, &options.height, &rest) != 2)
    throw UsageError("--size " + arguments.size + ": expected WIDTHxHEIGHT in pixels, such as 640x480");
  for (const int side : {options.width, options.height}) {
    if (side < kMinImageSide || side > kMaxImageSide)
      throw ConfigError("--size " + arguments.size + ": each side must be from " + std::to_string(kMinImageSide) +
                        " to " + std::to_string(kMaxImageSide) + " pixels");
  }
  return options;
}

// RUN/videos/step-000100000.mp4; the best model's is best.mp4.
std::string default_video(const PlayArguments& arguments, const EvalStats& known) {
  const Path folder = Path(arguments.run) / "videos";
  posix_file_system().make_directories(folder);
  char name[48] = "best.mp4";
  if (!arguments.best) std::snprintf(name, sizeof name, "step-%09lld.mp4", static_cast<long long>(known.step));
  return (folder / name).string();
}

// Draws what is played and hands it on.
class Stage final : public PlayWatcher {
 public:
  Stage(Context& context, const PlayArguments& arguments, bool in_window)
      : context_(context), arguments_(arguments), in_window_(in_window), render_(render_options(arguments)) {
    if (!arguments.video.empty()) kind_ = video_kind(posix_file_system(), arguments.video);
  }

  void on_open(const Env& env, const EvalStats& known) override {
    for (const std::string& warning : known.warnings) context_.terminal.warning(warning);
    if (const std::string why = why_not_drawn(env); !why.empty()) throw ConfigError(why);
    if (env_family(env) == "mujoco" && render_.width == 0) {
      render_.width = kMujocoWidth;
      render_.height = kMujocoHeight;
    }
    discrete_ = env.spec().num_actions > 0;
    const double seconds = step_seconds(env);
    if (in_window_) {
      const int width = render_.width > 0 ? render_.width : 600, height = render_.height > 0 ? render_.height : 480;
      const std::string title =
          env.spec().id + ", step " + std::to_string(known.step) + " of " + shown_path(arguments_.run);
      window_.emplace(width, height, title, seconds);
      context_.terminal.info("keys: space pauses, + and - change the speed, r starts another episode, esc ends");
    }
    renderer_ = make_renderer(env, render_);
    if (in_window_) return;
    path_ = arguments_.video.empty() ? default_video(arguments_, known) : arguments_.video;
    seconds_ = seconds;
  }

  PlayAnswer on_state(const PlayState& state) override {
    const auto draw = [&]() -> const Image& {
      const Image& image = renderer_->draw(state.env, state.obs, state.action);
      if (!arguments_.overlay) return image;
      with_text_ = image;
      draw_text(with_text_, overlay_lines(state.episode_return, state.step, state.action, discrete_));
      return with_text_;
    };
    PlayAnswer answer = PlayAnswer::proceed;
    if (window_)
      answer = window_->state(state, stop_signal(), draw);
    else
      add_to_video(draw());
    if (state.ended && !context_.json) print_episode(state);
    return answer;
  }

  // The path of the video; "" in a window.
  std::string finish() {
    if (!video_) return "";
    video_->finish();
    video_.reset();
    return path_;
  }

 private:
  static std::string env_family(const Env& env) { return find_env(env.spec().id).family; }

  // Its size is known when the first picture is there.
  void add_to_video(const Image& image) {
    if (!video_) {
      FileSystem& fs = posix_file_system();
      video_ = make_video_writer(fs, {path_, kind_, image.width, image.height, seconds_, StopRequest(&stop_signal())});
    }
    video_->add(image);
  }

  static void print_episode(const PlayState& state) {
    char line[128];
    std::snprintf(line, sizeof line, "episode %d: return %.2f, length %lld", state.episode + 1, state.episode_return,
                  static_cast<long long>(state.step));
    print_result(line);
  }

  Context& context_;
  const PlayArguments& arguments_;
  bool in_window_, discrete_ = false;
  RenderOptions render_;
  VideoKind kind_ = VideoKind::mp4;
  std::string path_;
  double seconds_ = 0.0;
  std::optional<PlayWindow> window_;  // before the renderer, which may use its OpenGL
  std::unique_ptr<Renderer> renderer_;
  std::unique_ptr<VideoWriter> video_;
  Image with_text_;
};

int play(Context& context, const PlayArguments& arguments) {
  EvaluateOptions options = arguments.evaluate_options();
  options.deterministic = !arguments.stochastic;
  const bool in_window = arguments.video.empty() && has_display();
  if (arguments.episodes == 0) options.episodes = in_window ? PlayArguments::kMaxEpisodes : 1;
  Stage stage(context, arguments, in_window);
  install_quick_stop(kGraceSec, 0.0);
  install_crash_handler();
  const EvalStats stats = play_run(arguments.run, options, stage);
  const std::string video = stage.finish();
  if (context.json) {
    const Json out = {{"returns", stats.returns},
                      {"lengths", stats.lengths},
                      {"mean_return", stats.mean_return},
                      {"mean_length", stats.mean_length},
                      {"episodes", stats.returns.size()},
                      {"env", stats.env_id},
                      {"step", stats.step},
                      {"model", shown_path(stats.model_path)},
                      {"seed", options.seed},
                      {"training_seed", stats.training_seed},
                      {"deterministic", options.deterministic},
                      {"max_episode_steps", stats.max_episode_steps},
                      {"cut_off", stats.num_cut_off},
                      {"video", shown_path(video)}};
    print_result(out.dump(2));
  } else if (!video.empty()) {
    print_result(shown_path(video));
  }
  return kOk;
}

}  // namespace

void add_play(Command root, Context& context) {
  auto arguments = std::make_shared<PlayArguments>();
  Command command = root.add_command("play", "Show the policy of a run: a video, pictures, or a window");
  add_policy_options(command, *arguments);
  command.add_option("--episodes", arguments->episodes, "Episodes; if not given one, in a window until it is closed")
      .value_name("E");
  command.add_option("--seed", arguments->seed, "Seed of the start states, as of softac eval")
      .show_default()
      .value_name("S");
  Option deterministic =
      command.add_flag("--deterministic", arguments->deterministic, "Take the policy's mean (as without this option)");
  command.add_flag("--stochastic", arguments->stochastic, "Sample actions instead").excludes(deterministic);
  command
      .add_option("--video", arguments->video,
                  "What to write: a file .mp4, .webm or .gif, or a folder for PNG files, its name ending in /. Without "
                  "it: a window where there is a display, else RUN/videos/step-N.mp4")
      .value_name("PATH");
  command
      .add_option("--size", arguments->size, "Size of the pictures in pixels; if not given 640x480, or the drawing's")
      .value_name("WxH");
  command.add_flag("--shadows", arguments->shadows, "MuJoCo tasks with shadows (three times as slow)");
  command.add_flag("--overlay", arguments->overlay, "Write return, step and action into the pictures");
  add_episode_options(command, *arguments);
  add_json_option(command, context);
  command.on_parse([&context, arguments] {
    context.runs_environments = true;
    context.action = [&context, arguments] {
      arguments->run = absolute_path(arguments->run);
      const bool folder = arguments->video.ends_with('/');
      arguments->video = absolute_path(arguments->video);
      if (folder && !arguments->video.ends_with('/')) arguments->video += '/';
      return play(context, *arguments);
    };
  });
}

}  // namespace softac::app
