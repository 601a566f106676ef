#include "run/background_writer.h"

#include <utility>

#include "base/cpu_time.h"

namespace softac {

namespace {

constexpr std::size_t kMaxWaiting = 8;

}  // namespace

BackgroundWriter::BackgroundWriter() : thread_([this] { work(); }) {}

BackgroundWriter::~BackgroundWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundWriter::submit(std::function<void()> job) {
  check();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return jobs_.size() < kMaxWaiting; });
    if (!broken_) jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
}

void BackgroundWriter::drain() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return jobs_.empty() && !busy_; });
  }
  check();
}

void BackgroundWriter::rethrow() {
  failed_.store(false);
  const std::lock_guard lock(mutex_);
  std::rethrow_exception(std::exchange(error_, nullptr));
}

void BackgroundWriter::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    busy_ = true;
    lock.unlock();
    std::exception_ptr error;
    try {
      job();
    } catch (...) {
      error = std::current_exception();
    }
    cpu_sec_.store(thread_cpu_sec());
    lock.lock();
    busy_ = false;
    if (error != nullptr) {
      error_ = error;
      broken_ = true;
      jobs_.clear();
      failed_.store(true, std::memory_order_release);
    }
    changed_.notify_all();
  }
}

}  // namespace softac
