#include "run/run_state.h"

#include <cmath>
#include <limits>

#include "base/json.h"
#include "formats/strict_json.h"
#include "run/episode_window.h"
#include "run/noise_runs_json.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr const char* kMetricNames[] = {"critic_loss", "actor_loss",  "ent_coef",        "ent_coef_loss",   "entropy",
                                        "q_mean",      "target_mean", "actor_grad_norm", "critic_grad_norm"};
constexpr double UpdateMetrics::*kMetricFields[] = {
    &UpdateMetrics::critic_loss,   &UpdateMetrics::actor_loss,      &UpdateMetrics::ent_coef,
    &UpdateMetrics::ent_coef_loss, &UpdateMetrics::entropy,         &UpdateMetrics::q_mean,
    &UpdateMetrics::target_mean,   &UpdateMetrics::actor_grad_norm, &UpdateMetrics::critic_grad_norm};
constexpr const char* kValueLoss = "value_loss";        // not in runs from before there were state values
constexpr const char* kLearningRate = "learning_rate";  // not in earlier runs
constexpr int kFormatWithoutDue = 2, kFormatWithoutNoiseRuns = 3;
constexpr const char* kOffline = "offline";         // only where something was drawn from recorded data
constexpr const char* kActorCount = "actor_count";  // not in earlier runs, which counted every update as an actor step

Json metrics_json(const UpdateMetrics& metrics) {
  Json out = Json::object();
  for (std::size_t i = 0; i < std::size(kMetricNames); ++i) out[kMetricNames[i]] = metrics.*kMetricFields[i];
  out[kValueLoss] = metrics.value_loss;
  out[kLearningRate] = metrics.learning_rate;
  return out;
}

// One object of the file, read key by key; every failure names the key.
class Section {
 public:
  Section(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json_.is_object()) fail("an object");
  }

  Section section(const char* key) const { return {value(key), where_ + "." + key}; }
  bool has(const char* key) const { return json_.contains(key); }
  bool is_null(const char* key) const { return value(key).is_null(); }
  std::int64_t count(const char* key) const { return json_count(value(key), where_ + "." + key); }
  std::uint64_t position(const char* key) const { return position_of(value(key), key); }
  double number(const char* key) const { return number_of(value(key), key); }
  bool flag(const char* key) const {
    if (!value(key).is_boolean()) fail_at(key, "true or false");
    return value(key).get<bool>();
  }
  std::string text(const char* key) const {
    if (!value(key).is_string()) fail_at(key, "a text");
    return value(key).get<std::string>();
  }
  std::vector<double> numbers(const char* key) const {
    std::vector<double> out;
    for (const Json& v : list(key)) out.push_back(number_of(v, key));
    return out;
  }
  std::vector<std::uint64_t> positions(const char* key) const {
    std::vector<std::uint64_t> out;
    for (const Json& v : list(key)) out.push_back(position_of(v, key));
    return out;
  }
  std::vector<NoiseRun> noise_runs(const char* key) const { return parse_noise_runs(value(key), where_ + "." + key); }
  UpdateMetrics metrics(const char* key) const {
    const Section part = section(key);
    UpdateMetrics out;
    for (std::size_t i = 0; i < std::size(kMetricNames); ++i) out.*kMetricFields[i] = part.number(kMetricNames[i]);
    if (part.has(kValueLoss)) out.value_loss = part.number(kValueLoss);
    if (part.has(kLearningRate)) out.learning_rate = part.number(kLearningRate);
    return out;
  }
  [[noreturn]] void fail_at(const char* key, const std::string& expected) const {
    throw IoError(where_ + "." + key + ": expected " + expected);
  }

 private:
  const Json& value(const char* key) const {
    const Json* found = json_.find(key);
    if (found == nullptr) throw IoError(where_ + ": the key \"" + key + "\" is missing");
    return *found;
  }
  const Json& list(const char* key) const {
    if (!value(key).is_array()) fail_at(key, "a list");
    return value(key);
  }
  double number_of(const Json& v, const char* key) const {
    if (!v.is_number() || !std::isfinite(v.get<double>())) fail_at(key, "a finite number");
    return v.get<double>();
  }
  std::uint64_t position_of(const Json& v, const char* key) const {
    if (!v.is_number_unsigned()) fail_at(key, "a whole number of at least 0");
    return v.get<std::uint64_t>();
  }
  [[noreturn]] void fail(const std::string& expected) const { throw IoError(where_ + ": expected " + expected); }

  const Json& json_;
  std::string where_;
};

}  // namespace

std::string to_json(const RunState& s) {
  const int format = !s.noise_runs.empty() ? kRunStateFormat
                     : s.due.any()         ? kFormatWithoutNoiseRuns
                                           : kFormatWithoutDue;
  Json out = {{"format", format},
              {"softac_version", s.softac_version},
              {"mujoco_version", s.mujoco_version},
              {"step", s.step},
              {"num_vector_steps", s.num_vector_steps},
              {"update_from", s.update_from},
              {"num_rollbacks", s.num_rollbacks},
              {"elapsed_sec", s.elapsed_sec},
              {"num_updates", s.agent.num_updates},
              {"num_actor_updates", s.agent.num_actor_updates},
              {"rng_positions",
               {{"update", s.agent.update_rng_position},
                {"sample", s.sample_position},
                {"act", s.act_positions},
                {"warmup", s.warmup_positions}}},
              {"envs_can_save_state", s.envs_can_save_state},
              {"episodes", {{"count", s.num_episodes}, {"returns", s.episode_returns}, {"lengths", s.episode_lengths}}},
              {"updates",
               {{"count", s.update_count},
                {kActorCount, s.actor_update_count},
                {"sum", metrics_json(s.update_sum)},
                {"last", metrics_json(s.last_update)}}},
              {"best_eval_return", s.best_eval_return ? Json(*s.best_eval_return) : Json()},
              {"last_evaluation", s.last_eval_step < 0 ? Json()
                                                       : Json{{"step", s.last_eval_step},
                                                              {"returns", s.last_eval_returns},
                                                              {"lengths", s.last_eval_lengths}}},
              {"records",
               {{"progress_rows", s.records.progress_rows},
                {"metrics_bytes", s.records.metrics_bytes},
                {"monitor_bytes", s.records.monitor_bytes},
                {"evaluations", s.records.evaluations},
                {"tensorboard_file", s.records.tensorboard_file},
                {"tensorboard_bytes", s.records.tensorboard_bytes}}}};
  if (s.offline_position > 0) out["rng_positions"][kOffline] = s.offline_position;
  if (s.due.any()) {
    out["due"] = {{"updates", s.due.updates},
                  {"log", s.due.log},
                  {"diagnosis", s.due.diagnosis},
                  {"evaluation", s.due.evaluation},
                  {"checkpoint", s.due.checkpoint}};
  }
  if (!s.noise_runs.empty()) out["noise_runs"] = noise_runs_json(s.noise_runs);
  return out.dump(2) + "\n";
}

RunState parse_run_state(std::string_view text, const std::string& source) {
  const Json json = parse_strict_json(text, source);
  const Section in(json, source);
  const std::int64_t format = in.count("format");
  if (format < kFormatWithoutDue || format > kRunStateFormat) {
    throw IoError(source + ": format " + std::to_string(format) + ", expected " + std::to_string(kFormatWithoutDue) +
                  " to " + std::to_string(kRunStateFormat) +
                  (format > kRunStateFormat ? "; a newer softac wrote it" : ""));
  }
  RunState s;
  s.softac_version = in.text("softac_version");
  s.mujoco_version = in.text("mujoco_version");
  s.step = in.count("step");
  s.num_vector_steps = in.count("num_vector_steps");
  s.update_from = in.count("update_from");
  s.num_rollbacks = in.count("num_rollbacks");
  s.elapsed_sec = in.number("elapsed_sec");
  s.agent.num_updates = in.count("num_updates");
  s.agent.num_actor_updates = in.count("num_actor_updates");
  const Section positions = in.section("rng_positions");
  s.agent.update_rng_position = positions.position("update");
  s.sample_position = positions.position("sample");
  if (positions.has(kOffline)) s.offline_position = positions.position(kOffline);
  s.act_positions = positions.positions("act");
  s.warmup_positions = positions.positions("warmup");
  s.envs_can_save_state = in.flag("envs_can_save_state");
  const Section episodes = in.section("episodes");
  s.num_episodes = episodes.count("count");
  s.episode_returns = episodes.numbers("returns");
  s.episode_lengths = episodes.numbers("lengths");
  const auto expected = std::min<std::size_t>(EpisodeWindow::kSize, s.num_episodes);
  if (s.episode_returns.size() != expected || s.episode_lengths.size() != expected)
    episodes.fail_at("returns", std::to_string(expected) + " returns and lengths");
  const Section updates = in.section("updates");
  s.update_count = updates.count("count");
  s.actor_update_count = updates.has(kActorCount) ? updates.count(kActorCount) : s.update_count;
  if (s.actor_update_count > s.update_count) updates.fail_at(kActorCount, "at most count");
  s.update_sum = updates.metrics("sum");
  s.last_update = updates.metrics("last");
  if (!in.is_null("best_eval_return")) s.best_eval_return = in.number("best_eval_return");
  if (!in.is_null("last_evaluation")) {
    const Section evaluation = in.section("last_evaluation");
    s.last_eval_step = evaluation.count("step");
    s.last_eval_returns = evaluation.numbers("returns");
    for (const std::uint64_t length : evaluation.positions("lengths"))
      s.last_eval_lengths.push_back(static_cast<std::int64_t>(length));
    if (s.last_eval_lengths.size() != s.last_eval_returns.size() || s.last_eval_returns.empty())
      evaluation.fail_at("lengths", "as many as returns");
  }
  if (format == kRunStateFormat) s.noise_runs = in.noise_runs("noise_runs");
  if (format == kFormatWithoutNoiseRuns || in.has("due")) {
    const Section due = in.section("due");
    s.due = {due.count("updates"), due.flag("log"), due.flag("diagnosis"), due.flag("evaluation"),
             due.flag("checkpoint")};
  }
  const Section records = in.section("records");
  s.records.progress_rows = records.position("progress_rows");
  s.records.metrics_bytes = records.position("metrics_bytes");
  s.records.monitor_bytes = records.position("monitor_bytes");
  s.records.evaluations = records.position("evaluations");
  s.records.tensorboard_file = records.text("tensorboard_file");
  s.records.tensorboard_bytes = records.position("tensorboard_bytes");
  const std::string& name = s.records.tensorboard_file;
  if (!name.empty() && (!name.starts_with("events.out.tfevents.") || name.find('/') != std::string::npos))
    records.fail_at("tensorboard_file", "the name of an event file");
  return s;
}

}  // namespace softac
