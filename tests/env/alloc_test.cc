// Steps of every environment, episode ends included, must not allocate: this executable counts operator new.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "env/vec_env.h"

namespace {
std::atomic<long> num_allocations{0};

void* count_and_allocate(std::size_t size, std::size_t alignment) {
  num_allocations.fetch_add(1, std::memory_order_relaxed);
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) {
  return count_and_allocate(size, alignof(std::max_align_t));
}
void* operator new[](std::size_t size) {
  return count_and_allocate(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return count_and_allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return count_and_allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return count_and_allocate(size, alignof(std::max_align_t));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return count_and_allocate(size, alignof(std::max_align_t));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace softac {
namespace {

TEST(Allocations, AreCounted) {
  const long before = num_allocations.load();
  std::vector<double> memory(100);
  EXPECT_GT(num_allocations.load(), before) << memory.size();
}

TEST(Allocations, StepsMakeNone) {
  load_env_plugin(SOFTAC_TEST_PLUGIN);
  for (const EnvInfo& info : registered_envs()) {
    if (info.id.starts_with("Bad")) continue;  // these fail on purpose
    std::vector<std::unique_ptr<Env>> envs;
    for (int i = 0; i < 3; ++i) envs.push_back(make_env(info.id));
    VecEnvOptions options;
    options.num_threads = 2;
    options.timeout_sec = 60.0;
    VecEnv env(std::move(envs), options);
    env.reset();
    std::vector<float> actions(static_cast<std::size_t>(3 * env.spec().act_dim));
    Rng rng(1, StreamKind::test);
    long allocations = 0;
    int episodes = 0;
    for (int t = 0; t < 1100; ++t) {
      for (float& a : actions) a = static_cast<float>(rng.uniform(-1.0, 1.0));
      const long before = num_allocations.load();
      env.step(actions);
      if (t >= 50) allocations += num_allocations.load() - before;  // the first steps may warm things up
      episodes += env.terminated()[0] + env.truncated()[0];
    }
    EXPECT_EQ(allocations, 0) << info.id;
    EXPECT_GT(episodes, 0) << info.id << ": the test must meet a reset";
  }
}

}  // namespace
}  // namespace softac
