#include "server/hub_client.h"
#include "server/pack_bomb.h"
#include "server/raw_connection.h"
#include "server/served_hub.h"
#include "support/gzip.h"
#include "torchhub/wire/commit_lines.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <sys/resource.h>

namespace torchhub::testing {
namespace {

/// The most memory that a process has had so far, in MiB.
std::size_t peak_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    std::size_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes >> 10;
  }
  ADD_FAILURE() << "no VmHWM";
  return 0;
}

/// The most that any program had which this one has seen end, or which those had seen end, in MiB.
long peak_of_the_ended() {
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  return used.ru_maxrss >> 10;
}

/// However much somebody sends, or makes of what he sends. The hub is a program, whose memory is
/// its own.
class BoundedMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(hub_.start()) << hub_.process().errors();
    client_ = std::make_unique<HubClient>(hub_.base_url(), hub_.token());
    client_->create_repo("m");
    commit_ = client_->commit_file("demo/m", "a.txt", "1");
    before_ = peak_of(hub_.process().id());
  }
  /// Nothing was taken, and the git programs beside the hub kept to their limit.
  void TearDown() override {
    EXPECT_EQ(client_->commit_at("demo/m"), commit_);
    hub_.process().signal(SIGTERM);
    EXPECT_EQ(hub_.process().wait(), 0);
    EXPECT_LT(peak_of_the_ended(), 1024 + 64);
  }

  /// Sends a body that is `start` and then as many pieces as are wanted, or until the hub has
  /// enough. @return the answer's status
  std::string send(const std::string& target, const std::string& start, const std::string& piece,
                   std::size_t pieces) const {
    RawConnection connection(hub_.base_url());
    connection.send(
        fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n"
                    "Content-Length: {}\r\n\r\n{}",
                    target, hub_.token(), start.size() + pieces * piece.size(), start));
    for (std::size_t i = 0; i < pieces && connection.send(piece); ++i) {
    }
    return connection.read_answer().status;
  }
  std::size_t peak_growth() { return peak_of(hub_.process().id()) - before_; }

  static constexpr const char* kCommit = "/api/models/demo/m/commit/main";
  static constexpr const char* kPush = "/demo/m/git-receive-pack";

  TempDir folder_;
  ServedHub hub_{folder_ / "data"};
  std::unique_ptr<HubClient> client_;
  std::string commit_;
  std::size_t before_ = 0;  ///< MiB.
};

std::string thousand_times(const std::string& text) {
  std::string out;
  for (int i = 0; i < 1000; ++i) out += text;
  return out;
}

TEST_F(BoundedMemoryTest, ALineOfAGigabyteIsNeverHeld) {
  const std::string start =
      to_ndjson(CommitHeaderLine{"t"}) + R"({"key": "file", "value": {"path": "b", "content": ")";
  const std::string piece(std::size_t{1} << 20, 'x');
  EXPECT_EQ(send(kCommit, start, piece, 1023).substr(0, 3), "413");
  EXPECT_LT(peak_growth(), 128U) << "a line of 28 MiB may be held, and copied";
}

TEST_F(BoundedMemoryTest, AMillionLinesAreNotHeld) {
  const std::string piece = thousand_times(to_ndjson(CommitDeletedFileLine{"a"}));
  const std::string status = send(kCommit, to_ndjson(CommitHeaderLine{"t"}), piece, 1000);
  EXPECT_EQ(status.substr(0, 3), "413");
  EXPECT_LT(peak_growth(), 64U);
}

TEST_F(BoundedMemoryTest, AMillionRefsAreNotHeld) {
  const std::string piece =
      thousand_times(pkt_line(fmt::format("{} {} refs/heads/b", std::string(40, '0'), commit_)));
  EXPECT_EQ(send(kPush, "", piece, 1000).substr(0, 3), "413");
  EXPECT_LT(peak_growth(), 64U);
}

TEST_F(BoundedMemoryTest, WhatGzipMakesOfAFewBytesIsNotHeld) {
  const std::string bomb = gzipped(std::string(std::size_t{512} << 20, ' '));
  const Response refused = client_->send("POST", "/api/models/demo/m/preupload/main", bomb,
                                         {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(refused.status, 413);
  EXPECT_LT(peak_growth(), 64U);
}

TEST_F(BoundedMemoryTest, WhatADeltaMakesOfAFewBytesIsNotHeld) {
  const Response refused =
      client_->send("POST", kPush, push_body(commit_, std::string(40, 'a'), pack_bomb()));
  EXPECT_NE(refused.body.find("too large to unpack"), std::string::npos) << refused.body;
  EXPECT_LT(peak_growth(), 64U);
}

}  // namespace
}  // namespace torchhub::testing
