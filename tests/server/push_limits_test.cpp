#include "server/pack_bomb.h"
#include "server/push/push_request.h"
#include "server/push/working_body.h"
#include "server/push_test.h"
#include "server/raw_connection.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <thread>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

std::string noise(std::size_t size) {
  std::string out;
  for (std::string block = sha256_hex("seed"); out.size() < size; block = sha256_hex(block)) {
    out += block;
  }
  return out;
}

class PushLimitsTest : public PushTest {
 protected:
  std::string body_of(const std::string& commit, const std::string& pack) const {
    return push_body(head(), commit, pack);
  }
  std::string pack_of(const std::string& commit) const {
    ana_.shell("m", "printf '" + commit +
                        "\\n^origin/main\\n' | git pack-objects --revs --stdout "
                        "-q > ../pack");
    return read_file(ana_.place("pack"));
  }
  Response post(const std::string& body, Headers headers = {}) const {
    return client_.send("POST", "/demo/m/git-receive-pack", body, std::move(headers));
  }
};

TEST_F(PushLimitsTest, AnswerWithoutASideBand) {
  const std::string commit = ana_.commit("m", "a.txt", "1");
  const Response done = post(body_of(commit, pack_of(commit)));
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.body, pkt_line("unpack ok\n") + pkt_line("ok refs/heads/main\n") + "0000");
  EXPECT_EQ(head(), commit);
}

TEST_F(PushLimitsTest, TakeAGzippedBody) {
  const std::string commit = ana_.commit("m", "a.txt", "1");
  write_file_atomically(ana_.place("body"), body_of(commit, pack_of(commit)));
  ana_.shell("m", "gzip ../body");
  EXPECT_EQ(post(read_file(ana_.place("body.gz")), {{"Content-Encoding", "gzip"}}).status, 200);
  EXPECT_EQ(head(), commit);
}

TEST_F(PushLimitsTest, RefuseWhatIsNoPush) {
  const std::string before = head();
  const std::string commit = ana_.commit("m", "a.txt", "1");
  const std::string pack = pack_of(commit);
  EXPECT_EQ(post("not a push").status, 400);
  EXPECT_EQ(post("0008").status, 400);
  EXPECT_EQ(post(pkt_line("what is this") + "0000").status, 400);
  expect_says(post(body_of(commit, "")).body, "ng refs/heads/main no pack");
  expect_says(post(body_of(commit, "PACK")).body, "ng refs/heads/main no pack");
  expect_says(post(body_of(commit, pack.substr(0, pack.size() - 1))).body, "git does not take it");
  std::string changed = pack;
  changed[pack.size() / 2] ^= 1;
  expect_says(post(body_of(commit, changed)).body, "git does not take it");
  EXPECT_EQ(head(), before);
}

TEST_F(PushLimitsTest, NeedEveryObject) {
  const std::string before = head();
  const std::string commit = ana_.commit("m", "a.txt", "1");
  ana_.shell("m", "git rev-parse HEAD | git pack-objects --stdout -q > ../pack");
  expect_says(post(body_of(commit, read_file(ana_.place("pack")))).body, "git does not take it");
  // A pack without objects, and a commit that nobody has.
  ana_.shell("m", "git pack-objects --stdout -q < /dev/null > ../pack");
  expect_says(post(body_of(std::string(40, 'a'), read_file(ana_.place("pack")))).body,
              "git does not take it");
  EXPECT_EQ(head(), before);
}

TEST_F(PushLimitsTest, KeepNothingOfACutConnection) {
  const std::string before = head();
  const std::string commit = ana_.commit("m", "a.txt", noise(100'000));
  const std::string body = body_of(commit, pack_of(commit));
  {
    RawConnection connection(hub_.base_url());
    connection.send(
        fmt::format("POST /demo/m/git-receive-pack HTTP/1.1\r\nHost: localhost\r\n"
                    "Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
                    hub_.token(), body.size()));
    connection.send(body.substr(0, body.size() / 2));
  }
  EXPECT_EQ(head(), before);
}

TEST_F(PushLimitsTest, StopMoreThanTenThousandRefs) {
  std::string body;
  const std::string commit = head();
  for (int i = 0; i < 10'001; ++i) {
    body += pkt_line(fmt::format("{} {} refs/heads/b{}", std::string(40, '0'), commit, i));
  }
  const Response done = post(body + "0000");
  EXPECT_EQ(done.status, 413);
  expect_says(done.body, "Push fewer at once");
}

TEST_F(PushLimitsTest, StopWhatInflatesWithoutEnd) {
  ana_.shell("m",
             "id=$(head -c 104857600 /dev/zero | git hash-object -w --stdin) && "
             "git update-index --add --cacheinfo 100644,$id,zeros && git commit -q -m zeros");
  expect_says(refusal_of(), "zeros (104857600 bytes");
  const std::string pack = pack_bomb();
  EXPECT_LT(pack.size(), 5000U);
  expect_says(post(body_of(std::string(40, 'a'), pack)).body,
              "ng refs/heads/main too large to unpack");
}

TEST_F(PushLimitsTest, HoldForTheWholeBody) {
  const LocalHub small(relaxed({.max_push_bytes = 100'000}));
  HubClient client(small);
  client.create_repo("m");
  const std::string head = client.commit_at("demo/m");
  const GitUser bea(small.base_url(), small.token());
  bea.clone("demo/m", "m");
  bea.commit("m", "noise", noise(400'000));
  const Finished whole = bea.in("m", {"push", "origin", "main"});
  expect_says(whole.errors, "413");
  const Finished chunked = bea.in("m", {"-c", "http.postBuffer=65536", "push", "origin", "main"});
  EXPECT_NE(chunked.exit_code, 0);
  EXPECT_EQ(client.commit_at("demo/m"), head);
  EXPECT_TRUE(fs::is_empty(small.data_dir() / "incoming"));
}

TEST_F(PushLimitsTest, HoldForTheNumberOfObjects) {
  const LocalHub small(relaxed({.max_push_objects = 5}));
  HubClient client(small);
  client.create_repo("m");
  const GitUser bea(small.base_url(), small.token());
  bea.clone("demo/m", "m");
  bea.commit("m", "a.txt", "1");
  ASSERT_EQ(bea.in("m", {"push", "origin", "main"}).exit_code, 0);
  bea.commit("m", "a.txt", "2");
  bea.commit("m", "a.txt", "3");
  const Finished done = bea.in("m", {"push", "origin", "main"});
  EXPECT_NE(done.exit_code, 0);
  expect_says(done.errors, "A push may bring 5 new files, folders and commits");
}

TEST(PushRequestReader, TakesPiecesOfAnySize) {
  const std::string id(40, '1');
  std::string first = std::string(40, '0') + " " + id + " refs/heads/a";
  first += '\0';
  const std::string request = pkt_line(first + " report-status  atomic\n") +
                              pkt_line(id + " " + std::string(40, '0') + " refs/heads/b") + "0000";
  const std::string whole = request + "PACK";
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    server::PushRequestReader reader;
    std::string rest;
    for (const std::string& part : {whole.substr(0, cut), whole.substr(cut)}) {
      const auto left = reader.take(std::as_bytes(std::span(part)));
      rest.append(reinterpret_cast<const char*>(left.data()), left.size());
    }
    EXPECT_EQ(rest, "PACK");
    ASSERT_EQ(reader.request().commands.size(), 2U);
    EXPECT_EQ(reader.request().commands[0].ref, "refs/heads/a");
    EXPECT_TRUE(reader.request().commands[0].creates());
    EXPECT_TRUE(reader.request().commands[1].deletes());
    EXPECT_TRUE(reader.request().can("atomic"));
    EXPECT_TRUE(reader.request().can("report-status"));
  }
}

TEST(PushRequestReader, IsNotCompleteWhereItIsCut) {
  std::string first = std::string(40, '0') + " " + std::string(40, '1') + " refs/heads/a";
  const std::string request = pkt_line(first) + "0000";
  for (std::size_t size = 0; size < request.size(); ++size) {
    server::PushRequestReader reader;
    reader.take(std::as_bytes(std::span(request.data(), size)));
    EXPECT_FALSE(reader.complete()) << size;
  }
}

TEST(WorkingBody, SaysSomethingWhileTheWorkIsSilent) {
  std::stop_source server;
  server::WorkingBody body(
      [](const auto& send, const std::stop_token& stop) {
        while (!stop.stop_requested()) std::this_thread::yield();
        send("end");
      },
      "alive", server.get_token());
  std::array<char, 16> room;
  EXPECT_EQ(std::string(room.data(), body.read(room)), "alive");
  server.request_stop();
  EXPECT_EQ(std::string(room.data(), body.read(room)), "end");
  EXPECT_EQ(body.read(room), 0U);
}

TEST(WorkingBody, EndsItsWorkWhenItsReaderLeaves) {
  bool ended = false;
  {
    const server::WorkingBody body(
        [&](const auto&, const std::stop_token& stop) {
          while (!stop.stop_requested()) std::this_thread::yield();
          ended = true;
        },
        "", {});
  }
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace torchhub::testing
