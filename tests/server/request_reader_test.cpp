#include "server/http/request_reader.h"

#include "server/http/api_error.h"
#include "server/http/stream.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {
namespace {

/// A client that sends these pieces, one for each read, and leaves.
class Pieces final : public Stream {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(pieces.begin(), pieces.end()) {
    std::erase(pieces_, "");
  }

  std::size_t read(std::span<char> room) override {
    if (pieces_.empty()) return 0;
    const std::size_t count = pieces_.front().copy(room.data(), room.size());
    pieces_.front().erase(0, count);
    if (pieces_.front().empty()) pieces_.pop_front();
    return count;
  }
  void set_read_timeout(std::chrono::milliseconds) override {}
  void set_write_timeout(std::chrono::milliseconds) override {}
  std::size_t write_some(std::string_view bytes, bool) override { return bytes.size(); }
  std::size_t send_some(const OpenFile&, std::uint64_t, std::size_t size) override { return size; }
  std::uint64_t untaken() const override { return 0; }
  void end_writing() override {}

 private:
  std::deque<std::string> pieces_;
};

std::vector<std::string> cut_all(const std::string& text, std::size_t size) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size(); at += size) out.push_back(text.substr(at, size));
  return out;
}

std::string body_of(RequestReader& reader) {
  std::string out;
  for (auto bytes = reader.read_body(); !bytes.empty(); bytes = reader.read_body()) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return out;
}

const HttpOptions kOptions;

/// Two requests on one connection, the first with an empty line before it.
void expect_both(RequestReader& reader) {
  ASSERT_TRUE(reader.wait(kOptions.idle_timeout));
  HttpRequest first;
  reader.read_head(first);
  EXPECT_EQ(first.raw_target, "/a");
  EXPECT_EQ(body_of(reader), "hello, world");
  EXPECT_EQ(reader.body_bytes(), 12U);
  EXPECT_TRUE(reader.keeps_alive());
  ASSERT_TRUE(reader.wait(kOptions.idle_timeout));
  HttpRequest second;
  reader.read_head(second);
  EXPECT_EQ(second.raw_target, "/b");
  EXPECT_EQ(reader.body_bytes(), 0U) << "the first one's are forgotten";
  EXPECT_EQ(body_of(reader), "");
}

const std::vector<std::string> kPairs = {
    "\r\nPUT /a HTTP/1.1\r\nHost: x\r\nTRANSFER-encoding: Chunked\r\n\r\n"
    "6\r\nhello,\r\n6;name=value\r\n world\r\n0\r\nTrailer: t\r\n\r\n"
    "GET /b HTTP/1.1\r\nHost: x\r\n\r\n",
    "\r\nPUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nhello, world"
    "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"};

TEST(RequestReader, TakesRequestsThatAreCutAnywhere) {
  for (const std::string& text : kPairs) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      SCOPED_TRACE(cut);
      Pieces client({text.substr(0, cut), text.substr(cut)});
      RequestReader reader(client, kOptions);
      expect_both(reader);
    }
  }
}

TEST(RequestReader, TakesRequestsByteByByte) {
  for (const std::string& text : kPairs) {
    Pieces client(cut_all(text, 1));
    RequestReader reader(client, kOptions);
    expect_both(reader);
  }
}

TEST(RequestReader, SeesThatTheClientHasLeft) {
  for (const std::string& text : kPairs) {
    const std::string first = text.substr(0, text.find("GET"));
    for (std::size_t size = 1; size < first.size(); ++size) {
      SCOPED_TRACE(size);
      Pieces client({first.substr(0, size)});
      RequestReader reader(client, kOptions);
      ASSERT_TRUE(reader.wait(kOptions.idle_timeout));
      EXPECT_THROW(
          {
            HttpRequest request;
            reader.read_head(request);
            body_of(reader);
          },
          ConnectionLost);
    }
  }
}

TEST(RequestReader, SaysWhatEachVersionMeans) {
  const auto kept = [](const std::string& head) {
    Pieces client({head});
    RequestReader reader(client, kOptions);
    EXPECT_TRUE(reader.wait(kOptions.idle_timeout));
    HttpRequest request;
    reader.read_head(request);
    EXPECT_EQ(reader.is_http_1_0(), head.find("HTTP/1.0") != std::string::npos);
    return reader.keeps_alive();
  };
  EXPECT_TRUE(kept("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(kept("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestReader, RefusesAChunkWhoseLineHasNoEnd) {
  Pieces client(cut_all("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;name=" +
                            std::string(200'000, 'x'),
                        1000));
  RequestReader reader(client, kOptions);
  ASSERT_TRUE(reader.wait(kOptions.idle_timeout));
  HttpRequest request;
  reader.read_head(request);
  EXPECT_THROW(reader.read_body(), ApiError) << "it would fill the memory";
}

/// The status of the refusal; 200 if there is none.
int status_of(const std::string& head, const HttpOptions& options) {
  Pieces client(cut_all(head, 1000));
  RequestReader reader(client, options);
  EXPECT_TRUE(reader.wait(options.idle_timeout));
  try {
    HttpRequest request;
    reader.read_head(request);
  } catch (const ApiError& error) {
    return error.status();
  }
  return 200;
}

TEST(RequestReader, LimitsHeadsToTheByte) {
  const HttpOptions options{
      .max_request_line_bytes = 30, .max_head_bytes = 60, .max_header_lines = 2};
  const auto with_line = [&](std::size_t size) {  // CR included
    return status_of("GET /" + std::string(size - 15, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n",
                     options);
  };
  EXPECT_EQ(with_line(30), 200);
  EXPECT_EQ(with_line(31), 414);
  EXPECT_EQ(status_of("GET /" + std::string(100, 'a'), options), 414) << "it may never end";
  const auto with_size = [&](std::size_t size) {
    return status_of("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(size - 32, 'a') + "\r\n\r\n",
                     options);
  };
  EXPECT_EQ(with_size(60), 200);
  EXPECT_EQ(with_size(61), 431);
  const std::string two = "GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\n";
  EXPECT_EQ(status_of(two + "\r\n", options), 200);
  EXPECT_EQ(status_of(two + "B: 1\r\n\r\n", options), 431);
  EXPECT_EQ(status_of(two + "B: 1\r\nC: 1\r\n", options), 431) << "it may never end";
}

TEST(RequestReader, TakesAHeadAsLongAsTheLimitAllows) {
  const std::string start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
  const std::string longest =
      start + std::string(kOptions.max_head_bytes - start.size() - 4, 'a') + "\r\n\r\n";
  EXPECT_EQ(status_of(longest, kOptions), 200);
}

}  // namespace
}  // namespace torchhub::server
