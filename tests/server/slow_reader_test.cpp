#include "server/git/served_output.h"
#include "server/http/http_server.h"
#include "server/http/paced_writer.h"
#include "server/hub_client.h"
#include "server/raw_connection.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>

namespace torchhub::testing {
namespace {

using namespace server;

constexpr std::chrono::minutes kWatchdog{1};
constexpr std::size_t kSize = std::size_t{64} << 20;  // more than the kernel buffers

/// Never ends; says when it has gone.
class Endless final : public BodySource {
 public:
  explicit Endless(std::atomic<int>& alive) : alive_(alive) { ++alive_; }
  ~Endless() override { --alive_; }
  std::size_t read(std::span<char> room) override { return room.size(); }

 private:
  std::atomic<int>& alive_;
};

/// Has a large answer of each kind.
class LargeAnswers final : public RequestHandler {
 public:
  Answer begin(HttpRequest& request) override {
    if (request.raw_path == "/text") return text_response(std::string(kSize, 'x'));
    if (request.raw_path == "/source")
      return HttpResponse{200, {}, std::make_unique<Endless>(alive)};
    if (request.raw_path == "/small") return text_response("small");
    const auto path = folder_ / "large";
    OpenFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    std::filesystem::resize_file(path, kSize);
    return HttpResponse{200, {}, FileBody{std::move(file), 0, kSize}};
  }
  HttpResponse failed(const HttpRequest&, const std::exception& error) override {
    return text_response(error.what(), 500);
  }
  void decorate(const HttpRequest&, HttpResponse&) override {}
  void finished(const HttpRequest& request, const ExchangeFacts& facts) override {
    if (request.raw_path == "/small") return;
    const std::lock_guard lock(mutex_);
    facts_ = facts;
    told_.notify_all();
  }
  /// Of the next large answer that ends; nothing if none does.
  std::optional<ExchangeFacts> wait_for_facts() {
    std::unique_lock lock(mutex_);
    told_.wait_for(lock, kWatchdog, [this] { return facts_.has_value(); });
    return std::exchange(facts_, std::nullopt);
  }

  std::atomic<int> alive = 0;

 private:
  TempDir folder_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<ExchangeFacts> facts_ = std::nullopt;
};

class SlowReaders : public ::testing::TestWithParam<std::string> {
 protected:
  static std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  void expect_cut() {
    RawConnection other(listener_url_);
    other.send(get("/small"));
    EXPECT_EQ(other.read_answer().body, "small");
    const auto facts = handler_.wait_for_facts();
    ASSERT_TRUE(facts.has_value()) << "still sent";
    EXPECT_EQ(facts->status, 200);
    EXPECT_LT(facts->bytes_out, kSize);
    EXPECT_EQ(handler_.alive, 0);
  }

  LargeAnswers handler_;
  Listener listener_{"127.0.0.1:0"};
  std::string listener_url_ = listener_.url();
  HttpServer server_{listener_,
                     {.answer_window = std::chrono::milliseconds(200), .min_answer_bytes = 100'000},
                     handler_};
};

TEST_P(SlowReaders, AreCutWhenTheyTakeNothing) {
  RawConnection silent(listener_url_, 4096);
  silent.send(get(GetParam()));
  expect_cut();
}

TEST_P(SlowReaders, AreCutWhenTheirAnswerDrips) {
  RawConnection dripping(listener_url_, 4096);
  dripping.send(get(GetParam()));
  std::jthread drip([&dripping](const std::stop_token& stop) {
    while (!stop.stop_requested() && !dripping.take(1).empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  expect_cut();
}

INSTANTIATE_TEST_SUITE_P(Of, SlowReaders, ::testing::Values("/text", "/file", "/source"),
                         [](const auto& kind) { return kind.param.substr(1); });

/// Buffers all it gets, of which its client takes what the test says.
class Buffering final : public Stream {
 public:
  std::size_t write_some(std::string_view, bool) override {
    untaken_ -= takes;
    return std::exchange(accepts, 0);
  }
  std::size_t send_some(const OpenFile&, std::uint64_t, std::size_t) override { return 0; }
  std::uint64_t untaken() const override { return untaken_; }
  void set_read_timeout(std::chrono::milliseconds) override {}
  void set_write_timeout(std::chrono::milliseconds) override {}
  std::size_t read(std::span<char>) override { return 0; }
  void end_writing() override {}

  std::uint64_t takes = 0;    ///< At each write.
  std::size_t accepts = 500;  ///< Of the first write.

 private:
  std::uint64_t untaken_ = 500;
};

TEST(PacedWriter, GoesByWhatTheClientTakesNotByWhatTheKernelBuffers) {
  // Every write is a window of its own. The first buffers 500 bytes, the later ones add nothing.
  const HttpOptions options{.answer_window = std::chrono::milliseconds(0), .min_answer_bytes = 100};
  const auto writes = [&options](std::uint64_t takes) {
    Buffering stream;
    stream.takes = takes;
    PacedWriter writer(stream, options);
    int count = 0;
    try {
      for (; count < 100; ++count) {
        stream.accepts = count == 0 ? 500 : 1;
        writer.write(count == 0 ? std::string(500, 'x') : "x", false);
      }
    } catch (const ConnectionTimedOut& error) {
      EXPECT_STREQ(error.what(), "The client took its answer too slowly.");
    }
    return count;
  };
  EXPECT_EQ(writes(99), 0);
  EXPECT_EQ(writes(100), 5) << "then nothing was left to take";
}

TEST(ServedOutput, EndsWithTheClientsTime) {
  std::atomic<int> alive = 0;
  std::string room(16 << 20, ' ');
  {
    git::ServedOutput slow(std::make_unique<Endless>(alive), std::chrono::seconds(0));
    EXPECT_EQ(slow.read(std::span(room).first(1)), 1U);
    EXPECT_THROW(slow.read(room), Error);
  }
  EXPECT_EQ(alive, 0);
  git::ServedOutput paid(std::make_unique<Endless>(alive), std::chrono::seconds(0));
  EXPECT_EQ(paid.read(room), room.size());
  EXPECT_EQ(paid.read(room), room.size()) << "what it took buys minutes";
}

TEST(SlowClones, GiveUpTheirPlaceWhenTheirTimeIsOver) {
  const LocalHub hub(relaxed({.git_processes = 1, .git_timeout = std::chrono::seconds(1)}));
  HubClient client(hub);
  client.create_repo("m");
  std::string noise(8 << 20, '\0');
  std::minstd_rand random(1);
  for (char& c : noise) c = static_cast<char>(random() >> 8);
  const std::string commit = client.commit_file("demo/m", "noise.bin", noise);
  const std::string wants = fmt::format("0032want {}\n00000009done\n", commit);
  RawConnection slow(hub.base_url(), 4096);
  slow.send(
      fmt::format("POST /demo/m/git-upload-pack HTTP/1.1\r\nHost: {}\r\n"
                  "Content-Type: application/x-git-upload-pack-request\r\n"
                  "Content-Length: {}\r\n\r\n{}",
                  hub.base_url().substr(7), wants.size(), wants));
  std::string end = slow.take(15);
  ASSERT_EQ(end, "HTTP/1.1 200 OK");
  EXPECT_EQ(client.get("/demo/m/info/refs?service=git-upload-pack").status, 503) << "still held";
  const auto deadline = std::chrono::steady_clock::now() + kWatchdog;
  for (std::string some = "."; !some.empty();) {  // faster than a connection must be, 1 KiB/s
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "still served";
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    some = slow.take(1024);
    end = (end + some).substr(end.size() + some.size() > 5 ? end.size() + some.size() - 5 : 0);
  }
  EXPECT_NE(end, "0\r\n\r\n") << "it must not look whole";
  EXPECT_EQ(client.get("/demo/m/info/refs?service=git-upload-pack").status, 200);
}

}  // namespace
}  // namespace torchhub::testing
