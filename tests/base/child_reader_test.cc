// What a copy of the process reads for this one, and what becomes of a copy that does not end well.
#include "base/child_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

#include "softac/error.h"

namespace softac::test {
namespace {

using testing::HasSubstr;

constexpr auto kNothing = [](ChildSource&) {};

template <class Produce>
std::string error_of(Produce&& produce, const std::function<void(ChildSource&)>& consume = kNothing,
                     const ChildLimits& limits = {}) {
  try {
    read_in_child("the file", limits, produce, consume);
  } catch (const IoError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ChildReader, NumbersComeInOrder) {
  std::vector<double> numbers(700'000), found(700'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = 0.5 * static_cast<double>(i);
  std::int64_t first = 0;
  std::uint8_t last = 0;
  read_in_child(
      "the file", {},
      [&](ChildSink& sink) {
        sink.put_value(std::int64_t{-7});
        sink.put(std::as_bytes(std::span(numbers)));
        sink.put_value(std::uint8_t{9});
      },
      [&](ChildSource& source) {
        first = source.get_value<std::int64_t>();
        source.get(std::as_writable_bytes(std::span(found)));
        last = source.get_value<std::uint8_t>();
      });
  EXPECT_EQ(first, -7);
  EXPECT_EQ(found, numbers);
  EXPECT_EQ(last, 9);
}

TEST(ChildReader, WhatItThrowsIsThrownHere) {
  EXPECT_EQ(error_of([](ChildSink&) { throw IoError("the file: no such episode"); }), "the file: no such episode");
  EXPECT_EQ(error_of([](ChildSink&) { throw std::runtime_error("something else"); }), "something else");
  // Also where its reader waits for more.
  EXPECT_EQ(error_of(
                [](ChildSink& sink) {
                  sink.put_value(1.0);
                  throw IoError("too late");
                },
                [](ChildSource& source) {
                  source.get_value<double>();
                  source.get_value<double>();
                }),
            "too late");
}

TEST(ChildReader, ACrashIsAnError) {
  EXPECT_THAT(error_of([](ChildSink&) { std::raise(SIGSEGV); }), HasSubstr("the file: reading it crashed (signal 11)"));
  EXPECT_THAT(error_of([](ChildSink& sink) {
                sink.put_value(1.0);
                std::raise(SIGABRT);
              }),
              HasSubstr("crashed (signal 6)"));
  EXPECT_THAT(error_of([](ChildSink&) { _exit(3); }), HasSubstr("ended early (exit code 3)"));
}

TEST(ChildReader, ALoopEnds) {
  EXPECT_THAT(error_of(
                  [](ChildSink&) {
                    for (volatile bool on = true; on;) {
                    }
                  },
                  kNothing, {.cpu_sec = 1}),
              HasSubstr("more than 1 s of processor time"));
}

TEST(ChildReader, AReaderThatWantsNoMoreEndsIt) {
  const auto endless = [](ChildSink& sink) {
    for (;;) sink.put_value(1.0);
  };
  EXPECT_THROW(read_in_child("the file", {}, endless, [](ChildSource&) { throw ConfigError("enough"); }), ConfigError);
  EXPECT_THAT(error_of([](ChildSink& sink) { sink.put_value(1.0); }), HasSubstr("nonsense"));  // left unread
}

}  // namespace
}  // namespace softac::test
