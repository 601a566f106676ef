// Whatever a plug-in's table says and its functions answer, it is refused with ConfigError or its environments run,
// and what they do wrong is EnvError or IoError. Pointers are null or valid, as a C interface must assume; the bytes
// choose counts, numbers, texts, which pointers are null, and the answers of every call.
#include "env/plugin.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <limits>
#include <vector>

#include "env/kwargs.h"
#include "softac/error.h"
#include "softac/vec_env.h"

namespace {

// The input byte by byte; zeros when it is used up.
class Source {
 public:
  Source(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  std::uint8_t byte() { return at_ < size_ ? data_[at_++] : std::uint8_t{0}; }
  bool rarely() { return byte() >= 0xf0; }  // zeros, and most bytes, leave things as they should be
  template <class T>
  T pick(std::initializer_list<T> usual, std::initializer_list<T> hostile) {
    const std::initializer_list<T>& from = rarely() ? hostile : usual;
    return from.begin()[byte() % from.size()];
  }
  double number() {
    if (!rarely()) return static_cast<double>(byte()) / 16.0;
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
    double value = 0.0;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
};

Source* answers = nullptr;  // of the functions below, which have no other way to it
std::array<char, 64> refusal{};
int alive = 0;

void* create(const double*, char* error, std::size_t error_size) {
  if (answers->rarely()) {
    if (answers->rarely()) std::memset(error, 'x', error_size);  // without a closing zero
    return nullptr;
  }
  ++alive;
  return &alive;
}
void destroy(void*) {
  --alive;
}
// Writes what the space holds, whatever count it claims.
std::int32_t answer(double* obs, std::int32_t dim) {
  for (std::int32_t i = 0; i < dim; ++i) obs[i] = answers->number();
  return answers->rarely() ? static_cast<std::int32_t>(answers->byte()) - 100 : dim;
}
template <int kDim>
std::int32_t reset(void*, const softac_random* random, double* obs) {
  random->normal(random->context);
  return answer(obs, kDim);
}
template <int kDim>
std::int32_t step(void*, const double* action, double* obs, softac_step_result* result) {
  result->reward = action[0] * answers->number();
  result->terminated = answers->pick({0, 0, 0, 1}, {-1, 2, std::numeric_limits<std::int32_t>::min()});
  result->truncated = answers->pick({0, 0, 0, 1}, {-1, 2, std::numeric_limits<std::int32_t>::max()});
  return answer(obs, kDim);
}
const char* last_error(void*) {
  return answers->rarely() ? nullptr : refusal.data();
}
std::size_t state_size(void*) {
  return answers->pick<std::size_t>({0, 8, 8}, {std::numeric_limits<std::size_t>::max(), std::size_t{1} << 40, 1});
}
std::int32_t save_state(void*, void*) {
  return answers->rarely() ? -1 : 0;
}
std::int32_t load_state(void*, const void*, std::size_t) {
  return answers->rarely() ? -1 : 0;
}

// Everything that a table points to, in memory of exactly its size.
struct Library {
  std::deque<std::vector<double>> numbers;
  std::deque<std::vector<char>> texts;
  std::deque<std::vector<softac_env_argument>> arguments;
  std::vector<softac_env_type> types;

  const double* bounds(Source& in, std::int32_t dim, double offset) {
    if (in.rarely()) return nullptr;
    auto& values = numbers.emplace_back(static_cast<std::size_t>(std::clamp(dim, 1, 16)));
    for (double& value : values) value = in.number() + offset;
    return values.data();
  }
  const char* text(Source& in) {
    if (in.rarely()) return nullptr;
    auto& chars = texts.emplace_back();
    for (int length = in.rarely() ? 200 : in.byte() % 12; length > 0; --length)
      chars.push_back(in.rarely() ? static_cast<char>(in.byte()) : static_cast<char>('a' + in.byte() % 26));
    chars.push_back('\0');
    return chars.data();
  }
  softac_env_type type(Source& in) {
    constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
    softac_env_type out = {};
    out.id = text(in);
    out.description = text(in);
    const bool two = in.byte() % 2 == 1;
    out.obs_dim = in.rarely() ? in.pick({0, -1}, {kMin, SOFTAC_ENV_MAX_DIM + 1}) : two ? 2 : 1;
    out.act_dim = in.pick({1, 2, 5}, {0, -1, kMin, SOFTAC_ENV_MAX_DIM + 1});
    out.obs_low = bounds(in, out.obs_dim, -100.0);
    out.obs_high = bounds(in, out.obs_dim, 100.0);
    out.act_low = bounds(in, out.act_dim, -16.0);
    out.act_high = bounds(in, out.act_dim, 1.0);
    out.max_episode_steps = in.pick({0, 1, 3}, {-1, kMin});
    out.num_arguments = in.pick({0, 1, 3}, {-1, kMin, SOFTAC_ENV_MAX_ARGUMENTS + 1});
    if (out.num_arguments > 0 && out.num_arguments <= SOFTAC_ENV_MAX_ARGUMENTS && !in.rarely()) {
      auto& list = arguments.emplace_back();
      for (int i = 0; i < out.num_arguments; ++i) list.push_back({text(in), in.number(), text(in)});
      out.arguments = list.data();
    }
    if (!in.rarely()) out.create = create;
    if (!in.rarely()) out.destroy = destroy;
    if (!in.rarely()) out.reset = two ? reset<2> : reset<1>;
    if (!in.rarely()) out.step = two ? step<2> : step<1>;
    if (!in.rarely()) out.last_error = last_error;
    if (in.byte() % 2 == 0) out.state_size = state_size;
    if (in.rarely() || out.state_size != nullptr) out.save_state = save_state;
    if (in.rarely() || out.state_size != nullptr) out.load_state = load_state;
    if (in.rarely()) out.num_actions = in.pick({2, 3, 65536}, {1, -1, kMin, SOFTAC_ENV_MAX_ACTIONS + 1});
    return out;
  }
};

void use(const softac::EnvInfo& info, const softac::EnvFactory& factory) {
  std::vector<std::unique_ptr<softac::Env>> envs;
  envs.push_back(factory(softac::complete_kwargs(info, {})));
  softac::VecEnv vec(std::move(envs), {});
  vec.reset();
  const std::vector<float> actions(static_cast<std::size_t>(vec.spec().act_dim), 0.5f);
  for (int t = 0; t < 6; ++t) vec.step(actions);
  const auto state = vec.save_state();
  vec.load_state(state);
  vec.step(actions);
  for (const float value : vec.obs()) {
    if (!(value - value == 0.0f)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Source in(data, size);
  answers = &in;
  Library library;
  softac_env_table table = {};
  table.abi_version = in.rarely() ? in.byte() : SOFTAC_ENV_PLUGIN_ABI_VERSION;
  table.type_size = in.rarely() ? in.byte() : static_cast<std::uint32_t>(sizeof(softac_env_type));
  table.num_types = in.pick({1, 1, 2, 3}, {0, -1, SOFTAC_ENV_MAX_TYPES + 1, std::numeric_limits<std::int32_t>::max()});
  for (int i = 0; i < std::min(table.num_types, 3); ++i) library.types.push_back(library.type(in));
  table.types = in.rarely() ? nullptr : library.types.data();
  std::vector<softac::EnvEntry> entries;
  try {
    entries = softac::read_env_table(in.rarely() ? nullptr : &table, "input");
  } catch (const softac::ConfigError&) {
    return 0;
  }
  for (const auto& [info, factory] : entries) {
    if (info.id.empty() || info.id.size() > SOFTAC_ENV_MAX_ID_LENGTH) std::abort();
    try {
      use(info, factory);
    } catch (const softac::ConfigError&) {
    } catch (const softac::EnvError&) {
    } catch (const softac::IoError&) {
    }
    if (alive != 0) std::abort();
  }
  return 0;
}
