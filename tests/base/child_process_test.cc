// Programs beside this one: what goes in and comes out, how they end, and with what they begin.
#include "base/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/temp_dir.h"

namespace softac::test {
namespace {

using Words = std::vector<std::string>;

Words shell(const std::string& script) {
  return {"sh", "-c", script};
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string printed(const Words& words, ChildOptions options = {}) {
  options.collects = true;
  ChildProcess child(words, options);
  EXPECT_EQ(child.wait(), 0) << child.last_message();
  return child.output();
}

TEST(ChildProcess, PrintsWhatItWasSent) {
  std::string text(5'000'000, 'x');  // more than any pipe holds, and read by nobody before it ends
  text += "end";
  ChildProcess child({"cat"}, {.feeds = true, .collects = true});
  EXPECT_FALSE(child.ended());
  EXPECT_TRUE(child.send(bytes_of(text)));
  child.end_input();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(child.ended(), 0);
  EXPECT_TRUE(child.output() == text);
  EXPECT_EQ(child.last_message(), "");
}

TEST(ChildProcess, ReadsNothingAndPrintsNowhereUnlessAsked) {
  ChildProcess child(shell("cat; echo hello"));
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(child.output(), "");
}

TEST(ChildProcess, HasACodeAndALastMessage) {
  ChildProcess failed(shell("echo first >&2; echo last >&2; echo >&2; exit 7"));
  EXPECT_EQ(failed.wait(), 7);
  EXPECT_EQ(failed.last_message(), "last");
  ChildProcess killed(shell("kill -9 $$"));
  EXPECT_EQ(killed.wait(), 128 + SIGKILL);
  ChildProcess asked({"sleep", "100"});
  asked.signal(SIGTERM);
  EXPECT_EQ(asked.wait(), 128 + SIGTERM);
  asked.signal(SIGTERM);  // nobody any more
}

TEST(ChildProcess, AReaderThatHasEndedIsNoSignal) {
  ChildProcess child({"true"}, {.feeds = true});
  EXPECT_EQ(child.wait(), 0);
  EXPECT_FALSE(child.send(bytes_of("anything")));
}

TEST(ChildProcess, WhatCannotStartIsSaid) {
  EXPECT_THROW(ChildProcess({"no-such-program-of-softac"}), ProgramMissingError);
  EXPECT_THROW(ChildProcess({"/"}), IoError);
  try {
    ChildProcess child({"true"}, {.folder = "/no/such/folder"});
    FAIL();
  } catch (const ProgramMissingError&) {
    FAIL() << "the program is there";
  } catch (const IoError& error) {
    EXPECT_STREQ(error.what(), "/no/such/folder: No such file or directory");
  }
}

TEST(ChildProcess, StartsWhereAndAsWhatItIsTold) {
  const TempDir dir;
  const std::string folder = std::filesystem::canonical(dir.path()).string();
  EXPECT_EQ(printed(shell("pwd -P"), {.folder = folder}), folder + "\n");
  EXPECT_EQ(printed({"renamed", "-c", "echo $0"}, {.program = "/bin/sh"}), "renamed\n");
}

// Field of /proc/self/status, as the child begins.
std::uint64_t signals(const std::string& status, const std::string& field) {
  return std::stoull(status.substr(status.find(field) + field.size()), nullptr, 16);
}

TEST(ChildProcess, BeginsWithFreshSignalsInAGroupOfItsOwn) {
  const auto old_pipe = ::signal(SIGPIPE, SIG_IGN);
  const auto old_hup = ::signal(SIGHUP, SIG_IGN);
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &before);
  const std::string status = printed({"cat", "/proc/self/status"}), stat = printed({"cat", "/proc/self/stat"});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGPIPE, old_pipe);
  ::signal(SIGHUP, old_hup);
  EXPECT_EQ(signals(status, "SigBlk:"), 0u);
  EXPECT_EQ(signals(status, "SigIgn:"), 1u << (SIGHUP - 1)) << "what nohup sets, and nothing else";
  int pid = 0, group = -1;
  ASSERT_EQ(std::sscanf(stat.c_str(), "%d (cat) %*c %*d %d", &pid, &group), 2) << stat;
  EXPECT_EQ(group, pid);
}

TEST(ChildProcess, EndsWithWhoStartedIt) {
  std::optional<ChildProcess> child;
  std::thread([&] { child.emplace(Words{"sleep", "100"}); }).join();
  EXPECT_EQ(child->wait(), 128 + SIGTERM);
}

}  // namespace
}  // namespace softac::test
