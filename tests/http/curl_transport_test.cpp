#include "support/scripted_server.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/http/transport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace torchhub {
namespace {

using testing::ReceivedRequest;
using testing::ScriptedReply;
using testing::ScriptedServer;
using testing::TempDir;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(CurlTransport, BringsStatusHeadersAndBody) {
  ScriptedServer server{{.status = 404, .body = "gone", .headers = {{"X-Error-Code", "E"}}}};
  const Response response = make_curl_transport()->send({.url = server.url() + "/a?b=c"}, {});
  EXPECT_EQ(response.status, 404);
  EXPECT_FALSE(response.ok());
  EXPECT_EQ(response.body, "gone");
  EXPECT_EQ(response.headers.get("x-error-code"), "E");
  EXPECT_EQ(response.url, server.url() + "/a?b=c");
  EXPECT_EQ(server.request_lines(), std::vector<std::string>{"GET /a?b=c"});
}

TEST(CurlTransport, SendsTheHeadersItIsGivenAndNoOthersWithMeaning) {
  ScriptedServer server{{}};
  make_curl_transport({.user_agent = "torchhub/1"})
      ->send({.method = "POST",
              .url = server.url(),
              .headers = {{"X-One", "1"}, {"X-Empty", ""}},
              .body = "{}"},
             {});
  const ReceivedRequest request = server.requests().at(0);
  EXPECT_EQ(request.headers.get("User-Agent"), "torchhub/1");
  EXPECT_EQ(request.headers.get("X-One"), "1");
  EXPECT_EQ(request.headers.get("X-Empty"), "");
  EXPECT_EQ(request.headers.get("Content-Type"), std::nullopt);
  EXPECT_EQ(request.headers.get("Content-Length"), "2");
  EXPECT_EQ(request.body, "{}");
}

TEST(CurlTransport, UsesOneConnectionForManyRequests) {
  ScriptedServer server{{.body = "x"}};
  const auto transport = make_curl_transport();
  for (int i = 0; i < 5; ++i) {
    transport->send({.url = server.url()}, {});
    transport->send({.method = "HEAD", .url = server.url()}, {});
    transport->send({.method = "DELETE", .url = server.url(), .body = "{}"}, {});
    transport->send({.method = "PUT", .url = server.url(), .body = "bytes"}, {});
  }
  EXPECT_EQ(server.requests().size(), 20U);
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, ServesSeveralThreadsAtOnce) {
  ScriptedServer server(
      [](const ReceivedRequest& request) { return ScriptedReply{.body = request.target}; });
  const auto transport = make_curl_transport();
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 10; ++i) {
          const std::string target = "/" + std::to_string(t) + "/" + std::to_string(i);
          right += transport->send({.url = server.url() + target}, {}).body == target;
        }
      });
    }
  }
  EXPECT_EQ(right, 40);
  EXPECT_LE(server.connections(), 4);
}

// libcurl repeats a request by itself if a reused connection turns out dead; a commit must not be.
TEST(CurlTransport, TakesAFreshConnectionForWhatMustNotBeRepeated) {
  ScriptedServer server([](const ReceivedRequest& request) {
    return request.method == "POST" ? ScriptedReply{.cut_after = -1} : ScriptedReply{};
  });
  const auto transport = make_curl_transport();
  transport->send({.url = server.url()}, {});
  EXPECT_THROW(transport->send({.method = "POST",
                                .url = server.url() + "/commit",
                                .body = "{}",
                                .safe_to_repeat = false},
                               {}),
               ConnectionError);
  EXPECT_EQ(server.request_lines(), (std::vector<std::string>{"GET /", "POST /commit"}));
}

TEST(CurlTransport, SendsAPieceOfAFile) {
  const TempDir folder;
  write_file_atomically(folder / "f", "0123456789");
  ScriptedServer server{{.status = 201}};
  std::vector<std::uint64_t> done;
  make_curl_transport()->send(
      {.method = "PUT",
       .url = server.url() + "/put",
       .body = FileSlice{.path = folder / "f", .offset = 3, .size = 4},
       .upload_progress = [&](std::uint64_t bytes, std::uint64_t) { done.push_back(bytes); }},
      {});
  EXPECT_EQ(server.requests().at(0).body, "3456");
  ASSERT_FALSE(done.empty());
  EXPECT_EQ(done.back(), 4U);
}

TEST(CurlTransport, SendsABodyLargerThanItsBuffers) {
  const TempDir folder;
  const std::string bytes(5'000'000, 'x');
  write_file_atomically(folder / "f", bytes);
  ScriptedServer server{{}};
  for (const char* method : {"PUT", "POST"}) {
    make_curl_transport()->send({.method = method,
                                 .url = server.url(),
                                 .body = FileSlice{.path = folder / "f", .size = bytes.size()}},
                                {});
    EXPECT_TRUE(server.requests().back().body == bytes) << method;
  }
}

TEST(CurlTransport, NamesAFileThatCannotBeRead) {
  ScriptedServer server{{}};
  EXPECT_THROW(
      make_curl_transport()->send(
          {.method = "PUT", .url = server.url(), .body = FileSlice{.path = "/none/here"}}, {}),
      FileError);
  EXPECT_TRUE(server.requests().empty());
}

TEST(CurlTransport, StopsIfAFileShrinksWhileItIsSent) {
  const TempDir folder;
  write_file_atomically(folder / "f", "short");
  ScriptedServer server{{}};
  try {
    make_curl_transport()->send({.method = "PUT",
                                 .url = server.url(),
                                 .body = FileSlice{.path = folder / "f", .size = 100}},
                                {});
    FAIL() << "no exception";
  } catch (const FileError& error) {
    EXPECT_EQ(std::string(error.what()), "'" + (folder / "f").string() +
                                             "' became shorter while it was sent. Leave it alone "
                                             "until the upload is done.");
  }
}

TEST(CurlTransport, GivesTheBodyToTheSinkAfterTheHead) {
  ScriptedServer server{{.body = "hello", .headers = {{"ETag", "\"e\""}}}};
  std::string story;
  const Response response = make_curl_transport()->send(
      {.url = server.url(),
       .sink = [&](std::span<const std::byte> bytes) { story += text_of(bytes); },
       .on_headers = [&](const Response& head) { story += *head.headers.get("etag") + ":"; }},
      {});
  EXPECT_EQ(story, "\"e\":hello");
  EXPECT_EQ(response.body, "");
}

TEST(CurlTransport, KeepsAnErrorBodyFromTheSink) {
  ScriptedServer server{{.status = 403, .body = "no"}};
  const Response response = make_curl_transport()->send(
      {.url = server.url(), .sink = [](std::span<const std::byte>) { FAIL() << "sink called"; }},
      {});
  EXPECT_EQ(response.body, "no");
}

TEST(CurlTransport, LetsTheSinksExceptionThrough) {
  ScriptedServer server{{.body = "hello"}};
  const auto transport = make_curl_transport();
  EXPECT_THROW(
      transport->send(
          {.url = server.url(),
           .sink = [](std::span<const std::byte>) { throw DiskFullError("write", "/x", 28); }},
          {}),
      DiskFullError);
  EXPECT_EQ(transport->send({.url = server.url()}, {}).body, "hello") << "usable afterwards";
}

TEST(CurlTransport, FollowsNoRedirect) {
  ScriptedServer server{{.status = 302, .headers = {{"Location", "/elsewhere"}}}};
  const Response response = make_curl_transport()->send({.url = server.url()}, {});
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(CurlTransport, SaysThatNothingListens) {
  const std::string url = testing::url_where_nothing_listens();
  try {
    make_curl_transport()->send({.url = url + "/api/x?secret=1"}, {});
    FAIL() << "no exception";
  } catch (const ConnectionError& error) {
    EXPECT_EQ(std::string(error.what()), "No answer from " + url + " to GET " + url +
                                             "/api/x: could not connect. Check the address and "
                                             "that the server is running.");
    EXPECT_EQ(error.url(), url + "/api/x");
  }
}

TEST(CurlTransport, SaysThatTheConnectionBrokeOff) {
  ScriptedServer server{{.body = "0123456789", .cut_after = 4}};
  try {
    make_curl_transport()->send({.url = server.url()}, {});
    FAIL() << "no exception";
  } catch (const ConnectionError& error) {
    EXPECT_EQ(std::string(error.what()), "No answer from " + server.url() + " to GET " +
                                             server.url() +
                                             ": the connection broke off. Try "
                                             "again.");
  }
}

TEST(CurlTransport, GivesUpOnAServerThatSaysNothing) {
  ScriptedServer server{{.hang = true}};
  try {
    make_curl_transport()->send(
        {.url = server.url(), .stall_timeout = std::chrono::milliseconds(20)}, {});
    FAIL() << "no exception";
  } catch (const ConnectionError& error) {
    EXPECT_NE(std::string(error.what()).find("nothing was sent or received for 20 ms"),
              std::string::npos)
        << error.what();
  }
}

TEST(CurlTransport, GivesUpOnAServerThatFallsSilentInTheMiddle) {
  ScriptedServer server{{.body = "0123456789", .cut_after = 4, .hang = true}};
  std::string got;
  EXPECT_THROW(make_curl_transport()->send(
                   {.url = server.url(),
                    .stall_timeout = std::chrono::milliseconds(50),
                    .sink = [&](std::span<const std::byte> bytes) { got += text_of(bytes); }},
                   {}),
               ConnectionError);
  EXPECT_EQ(got, "0123");
}

TEST(CurlTransport, EndsAtOnceWhenAStopIsRequested) {
  std::stop_source stop;
  ScriptedServer server([&](const ReceivedRequest&) {
    stop.request_stop();
    return ScriptedReply{.hang = true};
  });
  try {
    make_curl_transport()->send(
        {.url = server.url() + "/x", .stall_timeout = std::chrono::hours(1)}, stop.get_token());
    FAIL() << "no exception";
  } catch (const CancelledError& error) {
    EXPECT_EQ(std::string(error.what()), "Cancelled during GET " + server.url() + "/x.");
  }
}

TEST(CurlTransport, SendsNothingAfterAStop) {
  std::stop_source stop;
  stop.request_stop();
  ScriptedServer server{{}};
  EXPECT_THROW(make_curl_transport()->send({.url = server.url()}, stop.get_token()),
               CancelledError);
  EXPECT_TRUE(server.requests().empty());
}

TEST(CurlTransport, RefusesOtherSchemes) {
  EXPECT_THROW(make_curl_transport()->send({.url = "file:///etc/passwd"}, {}), ConnectionError);
}

}  // namespace
}  // namespace torchhub
