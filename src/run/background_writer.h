// A thread that writes files while training continues: jobs run one after the other, in the order of submission. After
// a job has thrown, the rest are dropped, so that nothing is built on what could not be written.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace softac {

class BackgroundWriter {
 public:
  BackgroundWriter();
  ~BackgroundWriter();  // after all jobs
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;

  // Waits while eight jobs wait already: a disk that is slower than the checkpoints are frequent. Throws as check().
  void submit(std::function<void()> job);
  // Throws what a job threw, once.
  void check() {
    if (failed_.load(std::memory_order_acquire)) rethrow();
  }
  // Waits until all jobs are done, then checks.
  void drain();
  double cpu_sec() const { return cpu_sec_.load(); }  // that the thread has used, at the end of the last job

 private:
  void rethrow();
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool busy_ = false, stop_ = false, broken_ = false;
  std::exception_ptr error_;
  std::atomic<bool> failed_{false};
  std::atomic<double> cpu_sec_{0.0};
  std::thread thread_;
};

}  // namespace softac
