#include "server/http/tls.h"

#include "server/http/http_server.h"
#include "server/raw_connection.h"
#include "support/self_signed.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/http/transport.h"
#include "torchhub/server/admin.h"
#include "torchhub/server/server.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <utility>

namespace torchhub::testing {
namespace {

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override { write_self_signed(certificate_, key_); }

  ServerOptions options() const {
    return {.data_dir = folder_ / "data",
            .listen = "127.0.0.1:0",
            .durability = Durability::relaxed,
            .tls_certificate = certificate_,
            .tls_key = key_};
  }
  /// A client that trusts `authority` alone, each call on a connection of its own.
  static Response get(const std::string& url, const std::filesystem::path& authority) {
    Request request;
    request.url = url;
    return make_curl_transport({.ca_file = authority})->send(request, {});
  }

  TempDir folder_;
  std::filesystem::path certificate_ = folder_ / "server.crt";
  std::filesystem::path key_ = folder_ / "server.key";
};

TEST_F(TlsTest, SpeaksHttpsToThoseWhoTrustTheCertificate) {
  const Server server(options());
  EXPECT_TRUE(server.base_url().starts_with("https://127.0.0.1:")) << server.base_url();
  EXPECT_EQ(get(server.base_url() + "/healthz", certificate_).body, R"({"status":"ok"})");
  const auto other = folder_ / "other.crt";
  write_self_signed(other, folder_ / "other.key");
  EXPECT_THROW(get(server.base_url() + "/healthz", other), ConnectionError);
}

TEST_F(TlsTest, CarriesLargeFilesBothWays) {
  Admin admin(folder_ / "data", Durability::relaxed);
  admin.create_user("demo");
  const std::string token = admin.create_token("demo", TokenRole::write);
  const Server server(options());
  const auto transport = make_curl_transport({.ca_file = certificate_});
  const auto call = [&](const std::string& method, const std::string& path, std::string body) {
    Request request;
    request.method = method;
    request.url = path.starts_with("https:") ? path : server.base_url() + path;
    request.headers.set("Authorization", "Bearer " + token);
    request.body = std::move(body);
    return transport->send(request, {});
  };
  ASSERT_EQ(call("POST", "/api/repos/create", R"({"name": "m"})").status, 200);
  std::string bytes(5'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 % 251);
  const nlohmann::json batch = nlohmann::json::parse(
      call("POST", "/demo/m.git/info/lfs/objects/batch",
           nlohmann::json{{"operation", "upload"},
                          {"objects", {{{"oid", sha256_hex(bytes)}, {"size", bytes.size()}}}}}
               .dump())
          .body);
  const std::string link = batch.at("objects").at(0).at("actions").at("upload").at("href");
  ASSERT_TRUE(link.starts_with(server.base_url())) << link;
  EXPECT_EQ(call("PUT", link, bytes).status, 200);
  const std::string commit = R"({"key":"header","value":{"summary":"s"}})"
                             "\n" +
                             nlohmann::json{{"key", "lfsFile"},
                                            {"value",
                                             {{"path", "m.bin"},
                                              {"algo", "sha256"},
                                              {"oid", sha256_hex(bytes)},
                                              {"size", bytes.size()}}}}
                                 .dump() +
                             "\n";
  ASSERT_EQ(call("POST", "/api/models/demo/m/commit/main", commit).status, 200);
  EXPECT_EQ(call("GET", "/demo/m/resolve/main/m.bin", "").body, bytes);
}

/// A large file for everybody.
class OneFile final : public server::RequestHandler {
 public:
  explicit OneFile(std::filesystem::path path) : path_(std::move(path)) {}
  server::Answer begin(server::HttpRequest&) override {
    server::OpenFile file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    const auto size = std::filesystem::file_size(path_);
    return server::HttpResponse{200, {}, server::FileBody{std::move(file), 0, size}};
  }
  server::HttpResponse failed(const server::HttpRequest&, const std::exception&) override {
    return server::text_response("", 500);
  }
  void decorate(const server::HttpRequest&, server::HttpResponse&) override {}
  void finished(const server::HttpRequest&, const server::ExchangeFacts&) override {}

 private:
  std::filesystem::path path_;
};

TEST_F(TlsTest, WritesOnWhereASlowClientStopped) {
  std::string bytes(64 << 20, '\0');  // more than the kernel buffers
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 % 251);
  write_file_atomically(folder_ / "large", bytes);
  OneFile handler(folder_ / "large");
  server::Listener listener("127.0.0.1:0");
  Request request;
  request.url = listener.url("https");
  const server::TlsContext tls({certificate_, key_});
  const server::HttpServer server(  // each write soon says that nothing was taken
      listener, {.answer_window = std::chrono::milliseconds(1), .min_answer_bytes = 0}, handler,
      &tls);
  Digest got(Digest::Algorithm::sha256);
  std::size_t pieces = 0;
  request.sink = [&](std::span<const std::byte> piece) {
    got.update(piece);
    if (++pieces % 1000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  EXPECT_EQ(make_curl_transport({.ca_file = certificate_})->send(request, {}).status, 200);
  EXPECT_EQ(got.hex(), sha256_hex(bytes));
}

TEST_F(TlsTest, TakesANewCertificateWithoutARestart) {
  Server server(options());
  const auto old = folder_ / "old.crt";
  std::filesystem::copy_file(certificate_, old);
  write_self_signed(certificate_, key_);
  EXPECT_EQ(get(server.base_url() + "/healthz", old).status, 200) << "before the reload";
  server.reload();
  EXPECT_THROW(get(server.base_url() + "/healthz", old), ConnectionError);
  EXPECT_EQ(get(server.base_url() + "/healthz", certificate_).status, 200);

  const auto good = folder_ / "good.crt";
  std::filesystem::copy_file(certificate_, good);
  write_file_atomically(certificate_, "no certificate");
  EXPECT_THROW(server.reload(), TlsError);
  EXPECT_EQ(get(server.base_url() + "/healthz", good).status, 200) << "what was loaded stays";
}

TEST_F(TlsTest, SaysWhichFileItCannotUse) {
  const auto message = [this](const ServerOptions& wanted) -> std::string {
    try {
      const Server server(wanted);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  ServerOptions missing = options();
  missing.tls_key = folder_ / "nowhere.key";
  EXPECT_NE(message(missing).find("nowhere.key"), std::string::npos) << message(missing);
  ServerOptions half = options();
  half.tls_key.clear();
  EXPECT_EQ(message(half), "HTTPS needs both a certificate and its key.");
  write_self_signed(folder_ / "second.crt", folder_ / "second.key");
  ServerOptions mixed = options();
  mixed.tls_key = folder_ / "second.key";
  EXPECT_NE(message(mixed).find("second.key"), std::string::npos) << message(mixed);
}

TEST_F(TlsTest, LeavesClientsThatSpeakPlainHttpOrNothing) {
  const Server server(options());
  RawConnection plain(server.base_url());
  plain.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(plain.read_answer().status, "200 OK");
  EXPECT_EQ(get(server.base_url() + "/healthz", certificate_).status, 200);
}

}  // namespace
}  // namespace torchhub::testing
