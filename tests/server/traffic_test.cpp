#include "server/accounts/token_value.h"
#include "server/http/api_error.h"
#include "server/hub_client.h"
#include "server/metrics_reader.h"
#include "server/put_line.h"
#include "server/raw_connection.h"
#include "server/traffic/access_log.h"
#include "server/traffic/client_address.h"
#include "server/traffic/rate_limiter.h"
#include "server/traffic/rate_rules.h"
#include "support/fake_clock.h"
#include "support/heap_bytes.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/base64.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 16 + MAX_WBITS);
  std::string out(std::size_t{4} << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(RateLimiter, CountsInWindowsOfFiveMinutes) {
  FakeClock clock;
  server::RateLimiter limiter(clock);
  EXPECT_EQ(limiter.count("api", "ana", 2).rate_limit("api"), "\"api\";r=1;t=300");
  clock.advance(std::chrono::seconds(100));
  const server::RateState second = limiter.count("api", "ana", 2);
  EXPECT_EQ(second.rate_limit("api"), "\"api\";r=0;t=200");
  EXPECT_EQ(second.policy("api"), "\"fixed window\";\"api\";q=2;w=300");
  EXPECT_FALSE(second.over);
  EXPECT_TRUE(limiter.count("api", "ana", 2).over);
  EXPECT_FALSE(limiter.count("api", "ben", 2).over) << "somebody else";
  EXPECT_FALSE(limiter.count("resolvers", "ana", 2).over) << "something else";
  clock.advance(std::chrono::seconds(200));
  EXPECT_EQ(limiter.count("api", "ana", 2).remaining, 1U) << "a new window";
}

TEST(RateLimiter, EndsAWindowWithItsLastMoment) {
  FakeClock clock;
  server::RateLimiter limiter(clock);
  EXPECT_FALSE(limiter.count("api", "ana", 1).over);
  clock.advance(std::chrono::seconds(300) - std::chrono::milliseconds(1));
  const server::RateState last = limiter.count("api", "ana", 1);
  EXPECT_TRUE(last.over);
  EXPECT_EQ(last.until_reset, std::chrono::seconds(1)) << "never 0, which would read as: now";
  EXPECT_EQ(last.remaining, 0U);
  EXPECT_EQ(limiter.count("api", "ana", 1).remaining, 0U) << "refusals are not counted";
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(limiter.count("api", "ana", 1).over);
}

TEST(RateLimiter, HoldsNobodyOutWhoseClockWasSetBack) {
  FakeClock clock;
  server::RateLimiter limiter(clock);
  EXPECT_FALSE(limiter.count("api", "ana", 1).over);
  clock.advance(-std::chrono::hours(1));
  const server::RateState after = limiter.count("api", "ana", 1);
  EXPECT_FALSE(after.over);
  EXPECT_EQ(after.until_reset, server::RateLimiter::kWindow);
  EXPECT_TRUE(limiter.count("api", "ana", 1).over) << "counted from now on";
}

TEST(RateLimiter, ForgetsThoseWhoseWindowIsOver) {
  FakeClock clock;
  server::RateLimiter limiter(clock);
  const auto count_many = [&](const std::string& name) {
    for (int i = 0; i < 20'000; ++i) limiter.count("api", name + std::to_string(i), 10);
  };
  count_many("first");
  const std::size_t before = heap_bytes();
  clock.advance(server::RateLimiter::kWindow);
  count_many("second");
  EXPECT_LT(heap_bytes(), before + 200'000) << "in the place of the first";
  clock.advance(server::RateLimiter::kWindow / 2);
  limiter.count("api", "later", 10);
  clock.advance(server::RateLimiter::kWindow / 2);
  EXPECT_EQ(limiter.count("api", "later", 10).remaining, 8U) << "swept, but not the ones within";
}

TEST(RateLimiter, ForgetsBeforeItsMemoryGrowsWithoutEnd) {
  const FakeClock clock;
  server::RateLimiter limiter(clock);
  limiter.count("api", "ana", 1);
  for (int i = 0; i < 90'000; ++i) limiter.count("api", std::to_string(i), 1);
  EXPECT_TRUE(limiter.count("api", "ana", 1).over);
  for (int i = 0; i < 20'000; ++i) limiter.count("api", "more" + std::to_string(i), 1);
  EXPECT_FALSE(limiter.count("api", "ana", 1).over) << "100,000 counts are kept, and no more";
}

TEST(RateLimiter, CountsOnlyWhomItKnowsIfAsked) {
  FakeClock clock;
  server::RateLimiter limiter(clock);
  EXPECT_FALSE(limiter.count_if_known("api", "ana", 2));
  limiter.count("api", "ana", 2);
  EXPECT_EQ(limiter.count_if_known("api", "ana", 2)->remaining, 0U);
  limiter.forget("api", "ana");
  EXPECT_FALSE(limiter.count_if_known("api", "ana", 2));
}

TEST(ClientAddress, BelievesTrustedProxiesOnly) {
  const auto from = [](const std::string& peer, const std::string& forwarded) {
    server::HttpRequest request;
    request.remote_address = peer;
    if (!forwarded.empty()) request.headers.add("X-Forwarded-For", forwarded);
    return server::client_address(request, {"10.0.0.1", "10.0.0.2"});
  };
  EXPECT_EQ(from("9.9.9.9", "1.1.1.1"), "9.9.9.9") << "anybody may write that header";
  EXPECT_EQ(from("10.0.0.1", "1.1.1.1"), "1.1.1.1");
  EXPECT_EQ(from("10.0.0.1", "6.6.6.6, 1.1.1.1 , 10.0.0.2"), "1.1.1.1") << "not what it claims";
  EXPECT_EQ(from("10.0.0.1", ""), "10.0.0.1");
  EXPECT_EQ(from("10.0.0.1", "10.0.0.2"), "10.0.0.2");
}

TEST(RateLimits, AreToldWithEachAnswerAndEndIn429) {
  const LocalHub hub(relaxed({.rate_api = 4, .rate_resolve = 100, .rate_loopback = true}));
  HubClient demo(hub);
  const HubClient anonymous(hub.base_url(), "");
  const Response first = demo.get("/api/whoami-v2");
  EXPECT_TRUE(first.headers.get("RateLimit").value_or("").starts_with("\"api\";r=3;t="));
  EXPECT_EQ(first.headers.get("RateLimit-Policy"), "\"fixed window\";\"api\";q=4;w=300");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(demo.get("/api/models").status, 200);
  const Response over = demo.get("/api/models");
  EXPECT_EQ(over.status, 429);
  EXPECT_GT(std::stoi(over.headers.get("Retry-After").value_or("0")), 0);
  EXPECT_TRUE(over.headers.get("RateLimit").value_or("").starts_with("\"api\";r=0;t="));
  EXPECT_NE(over.body.find("Too many requests: 4 in 300 s"), std::string::npos) << over.body;
  EXPECT_EQ(demo.get("/demo/m/resolve/main/a").status, 404) << "files have a quota of their own";
  EXPECT_EQ(demo.get("/healthz").status, 200) << "never counted";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(anonymous.get("/api/models").status, 200);
  EXPECT_EQ(anonymous.get("/api/models").status, 429) << "without a token half of it";
}

TEST(RateLimits, HoldGitRequestsToo) {
  const LocalHub hub(relaxed({.rate_pages = 2, .rate_loopback = true}));
  HubClient demo(hub);
  demo.create_repo("m");
  const std::string refs = "/demo/m.git/info/refs?service=git-upload-pack";
  EXPECT_EQ(demo.get(refs).headers.get("RateLimit-Policy"), "\"fixed window\";\"pages\";q=2;w=300");
  EXPECT_EQ(demo.get(refs).status, 200);
  const Response over = demo.get(refs);
  EXPECT_EQ(over.status, 429);
  EXPECT_TRUE(over.headers.get("RateLimit").value_or("").starts_with("\"pages\";r=0;t="));
  EXPECT_GT(std::stoi(over.headers.get("Retry-After").value_or("0")), 0);
  const HubClient anonymous(hub.base_url(), "");
  EXPECT_EQ(anonymous.get(refs).status, 200);
  EXPECT_EQ(anonymous.get(refs).status, 429) << "without a token half of it";
  EXPECT_EQ(demo.get("/api/models").status, 200) << "the API has a quota of its own";
}

TEST(RateLimits, CountXetTokensButNoXetTransfers) {
  const LocalHub hub(relaxed({.rate_api = 3, .rate_loopback = true}));
  HubClient demo(hub);
  demo.create_repo("m");
  const std::string read = "/api/models/demo/m/xet-read-token/main";
  const std::string write = "/api/models/demo/m/xet-write-token/main";
  const Response first = demo.get(read);
  EXPECT_EQ(first.headers.get("RateLimit-Policy"), "\"fixed window\";\"api\";q=3;w=300");
  EXPECT_TRUE(first.headers.get("RateLimit").value_or("").starts_with("\"api\";r=1;t="));
  EXPECT_EQ(demo.get(write).status, 200);
  EXPECT_EQ(demo.get(write).status, 429);
  EXPECT_EQ(demo.get(read).status, 429);
  const std::string xet_token = json::parse(first.body).at("accessToken");
  const Response xorb = HubClient(hub.base_url(), "")
                            .head("/v1/xorbs/default/" + std::string(64, '0'),
                                  {{"Authorization", "Bearer " + xet_token}});
  EXPECT_EQ(xorb.status, 404);
  EXPECT_FALSE(xorb.headers.get("RateLimit"));
}

std::string basic(const std::string& user, const std::string& password) {
  return "Basic " + base64_encode(user + ":" + password);
}

TEST(RateLimits, CountATokenHoweverItIsSent) {
  const LocalHub hub(relaxed({.rate_api = 4, .rate_loopback = true}));
  const HubClient client(hub.base_url(), "");
  const std::string& token = hub.token();
  for (const std::string& how :
       {"Bearer " + token, basic("ana", token), "bearer  " + token, basic(token, "x")}) {
    EXPECT_EQ(client.get("/api/models", {{"Authorization", how}}).status, 200) << how;
  }
  EXPECT_EQ(client.get("/api/models", {{"Authorization", basic("ben", token)}}).status, 429);
}

TEST(RateLimits, CountInventedTokensForTheirAddress) {
  LocalHub hub(relaxed({.rate_api = 6, .rate_loopback = true}));
  const HubClient client(hub.base_url(), "");
  const auto status = [&](const std::string& token, const std::string& target) {
    return client.get(target, {{"Authorization", "Bearer " + token}}).status;
  };
  EXPECT_EQ(status(server::make_token(), "/api/models"), 401);
  EXPECT_EQ(status("hf_nonsense", "/api/models"), 401);
  EXPECT_EQ(status(server::make_token(), "/api/models/a/..b"), 401);
  EXPECT_EQ(status(server::make_token(), "/api/models"), 429);
  EXPECT_EQ(client.get("/api/models").status, 429) << "who invents them has no quota beside";
  EXPECT_EQ(status(hub.token(), "/api/models"), 200) << "others behind the address have";
}

TEST(RateLimits, CountARevokedTokenForItsAddress) {
  LocalHub hub(relaxed({.rate_api = 2, .rate_loopback = true}));
  const HubClient client(hub.base_url(), "");
  const auto status = [&] {
    return client.get("/api/models", {{"Authorization", "Bearer " + hub.token()}}).status;
  };
  EXPECT_EQ(status(), 200);
  hub.admin().revoke_token(hub.token());
  EXPECT_EQ(status(), 401);
  EXPECT_EQ(status(), 429);
}

TEST(RateLimits, CountAUsersWholeNetworkOfIpv6) {
  FakeClock clock;
  server::RateLimiter limiter(clock);
  const auto ask = [&](const std::string& address) {
    server::HttpRequest request;
    request.route = "/api/{type}";
    request.remote_address = address;
    server::count_request(limiter, {.rate_api = 4}, request);
  };
  ask("2001:db8:1:2::1");
  ask("2001:db8:1:2::2");
  EXPECT_THROW(ask("2001:db8:1:2:ffff::9"), server::ApiError);
  EXPECT_NO_THROW(ask("2001:db8:1:3::1"));
}

TEST(RateLimits, DoNotCountThisMachine) {
  const LocalHub hub(relaxed({.rate_api = 1}));
  HubClient demo(hub);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(demo.get("/api/models").status, 200);
}

class AccessLogTest : public ::testing::Test {
 protected:
  std::vector<json> lines(const std::string& name = "access.log") const {
    std::vector<json> out;
    std::istringstream text(read_file(folder_ / name));
    for (std::string line; std::getline(text, line);) out.push_back(json::parse(line));
    return out;
  }
  TempDir folder_;
};

TEST_F(AccessLogTest, HasALineForEachRequest) {
  {
    const LocalHub hub(relaxed({.access_log = folder_ / "access.log"}));
    HubClient demo(hub);
    demo.create_repo("m");
    demo.send("POST", "/api/models/demo/m/commit/main",
              to_ndjson(CommitHeaderLine{"s"}) + to_ndjson(CommitFileLine{"a.txt", "hello"}),
              {{"X-Request-Id", "commit"}});
    EXPECT_EQ(demo.get("/demo/m/resolve/main/a.txt?download=true", {{"X-Request-Id", "file"}}).body,
              "hello");
    HubClient(hub.base_url(), "").get("/demo/none/resolve/main/x", {{"X-Request-Id", "nobody"}});
    RawConnection broken(hub.base_url());
    broken.send("no http\r\n\r\n");
    EXPECT_EQ(broken.read_answer().status, "400 Bad Request");
  }
  std::map<std::string, json> by_id;  // lines come in the order in which requests end
  std::size_t broken = 0;
  for (const json& line : lines()) {
    by_id[line.at("id")] = line;
    broken += line.at("status") == 400 ? 1 : 0;
  }
  EXPECT_EQ(broken, 1U);
  const json& file = by_id["file"];
  EXPECT_TRUE(file.at("own_id").get<std::string>().starts_with("Root=1-"))
      << "clients may all send the same";
  EXPECT_NE(file.at("own_id"), by_id["commit"].at("own_id"));
  EXPECT_EQ(file.at("address"), "127.0.0.1");
  EXPECT_EQ(file.at("method"), "GET");
  EXPECT_EQ(file.at("route"), "/{web}/{repo}/resolve/{rev}/{path...}");
  EXPECT_EQ(file.at("path"), "/demo/m/resolve/main/a.txt?download=true");
  EXPECT_EQ(file.at("status"), 200);
  EXPECT_EQ(file.at("bytes_out"), 5);
  EXPECT_EQ(file.at("user").get<std::string>().size(), 24U);
  EXPECT_GT(by_id["commit"].at("bytes_in"), 50);
  EXPECT_EQ(by_id["nobody"].at("user"), nullptr);
  EXPECT_EQ(by_id["nobody"].at("status"), 401);
}

TEST_F(AccessLogTest, HoldsNoSecret) {
  std::string token;
  std::string link;
  {
    const LocalHub hub(relaxed({.access_log = folder_ / "access.log"}));
    HubClient demo(hub);
    demo.create_repo("m");
    link = demo.batch("demo/m", "upload", sha256_hex("x"), 1).at("actions").at("upload").at("href");
    demo.send("PUT", link, "x");
    demo.get("/api/models?token=" + hub.token() + "&a=1");
    token = hub.token();
  }
  const std::string text = read_file(folder_ / "access.log");
  EXPECT_EQ(text.find(token), std::string::npos);
  const std::string signature = link.substr(link.find("sig=") + 4);
  EXPECT_EQ(text.find(signature), std::string::npos);
  EXPECT_NE(text.find("sig=..."), std::string::npos) << "it shows that there was one";
  EXPECT_NE(text.find("a=1"), std::string::npos);
}

TEST_F(AccessLogTest, GoesOnInANewFileAfterAReload) {
  Server server({.data_dir = folder_ / "data",
                 .listen = "127.0.0.1:0",
                 .durability = Durability::relaxed,
                 .access_log = folder_ / "access.log"});
  const HubClient client(server.base_url(), "");
  client.get("/healthz");
  fs::rename(folder_ / "access.log", folder_ / "access.log.1");
  client.get("/healthz");
  while (lines("access.log.1").size() < 2) {  // a line is written after its answer
  }
  server.reload();
  client.get("/readyz");
  server.stop();
  EXPECT_EQ(lines("access.log.1").size(), 2U);
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines().front().at("path"), "/readyz");
}

TEST(Status, SaysWhyItIsNotReady) {
  const LocalHub hub(relaxed({.min_free_bytes = 0}));
  const HubClient client(hub.base_url(), "");
  EXPECT_EQ(client.get("/readyz").body, R"({"status":"ready"})");
  const LocalHub full(relaxed({.min_free_bytes = ~std::uint64_t{0}}));
  const Response response = HubClient(full.base_url(), "").get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json::parse(response.body).at("reasons"), json::array({"the disk is nearly full"}));
}

TEST(MetricsPage, IsForSiteAdmins) {
  LocalHub hub(relaxed({}));
  hub.admin().create_site_admin("root");
  const HubClient root(hub.base_url(), hub.admin().create_token("root", TokenRole::read));
  EXPECT_EQ(HubClient(hub.base_url(), "").get("/metrics").status, 401);
  EXPECT_EQ(HubClient(hub).get("/metrics").status, 403);
  EXPECT_EQ(root.get("/metrics").status, 200);
}

TEST(MetricsPage, CountsOnItsOwnAddress) {
  const TempDir folder;
  Admin admin(folder / "data", Durability::relaxed);
  admin.create_user("demo");
  Server server({.data_dir = folder / "data",
                 .listen = "127.0.0.1:0",
                 .durability = Durability::relaxed,
                 .metrics_listen = "127.0.0.1:0"});
  HubClient demo(server.base_url(), admin.create_token("demo", TokenRole::write));
  demo.create_repo("secret-name");
  const std::string bytes(1234, 'x');
  demo.upload("demo/secret-name", bytes);
  demo.get("/demo/secret-name/resolve/main/missing");
  const HubClient watcher("http://127.0.0.1:" + std::to_string(server.metrics_port()), "");
  EXPECT_EQ(watcher.get("/healthz").status, 200);
  EXPECT_EQ(watcher.get("/api/models").status, 404) << "nothing but the status";
  std::string text;  // a request is counted after its answer
  while (text.find("route=\"resolve\",status=\"404\"") == std::string::npos) {
    text = watcher.get("/metrics").body;
  }
  for (const char* line :
       {"torchhub_repositories{type=\"model\"} 1\n", "torchhub_lfs_objects 1\n",
        "torchhub_lfs_bytes 1234\n",
        "torchhub_http_requests_total{route=\"api\",status=\"200\"} 1\n",
        "torchhub_http_requests_total{route=\"resolve\",status=\"404\"} 1\n",
        "torchhub_http_request_duration_seconds_count{route=\"api\"} 1\n",
        "torchhub_git_processes 0\n", "torchhub_git_waiting 0\n", "torchhub_accounts 1\n",
        "torchhub_build_info{version=\"", "torchhub_changes_total{kind=\"push\"} 0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_GT(metric_in(text, "torchhub_database_seconds_total"), 0);
  EXPECT_GT(metric_in(text, "torchhub_disk_free_bytes"), 0);
  EXPECT_GE(metric_in(text, "torchhub_http_body_bytes_total{direction=\"in\"}"), 1234);
  EXPECT_GT(metric_in(text, "torchhub_http_body_bytes_total{direction=\"out\"}"), 0);
  EXPECT_EQ(text.find("secret-name"), std::string::npos);
  server.stop();
  EXPECT_FALSE(
      RawConnection("http://127.0.0.1:" + std::to_string(server.metrics_port())).connected());
}

TEST(MetricsPage, TellsWhoIsConnectedAndSends) {
  LocalHub hub(relaxed({}));
  const MetricsReader metrics(hub);
  HubClient demo(hub);
  demo.create_repo("m");
  const json object = demo.batch("demo/m", "upload", sha256_hex("x"), 1);
  const std::string link = object.at("actions").at("upload").at("href");
  while (metrics("torchhub_uploads") > 0) {  // the batch, which ends after its answer
  }
  RawConnection upload(hub.base_url());
  upload.send("PUT " + link.substr(hub.base_url().size()) +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(upload.read_answer().status, "100 Continue");
  EXPECT_EQ(metrics("torchhub_uploads"), 1);
  EXPECT_GE(metrics("torchhub_connections"), 2) << "the upload's, and that of who asks";
}

TEST(MetricsPage, CountsCommitsByTheApi) {
  LocalHub hub(relaxed({}));
  const MetricsReader metrics(hub);
  const auto commits = [&] { return metrics("torchhub_changes_total{kind=\"commit\"}"); };
  HubClient demo(hub);
  demo.create_repo("m");
  EXPECT_EQ(commits(), 0);
  demo.commit_file("demo/m", "a.txt", "1");
  EXPECT_EQ(commits(), 1);
  demo.commit_file("demo/m", "a.txt", "1");
  EXPECT_EQ(commits(), 1) << "nothing changed, so there is no commit";
  EXPECT_EQ(demo.commit("demo/m", put("a.txt", "2"), "main", "bad").status, 412);
  EXPECT_EQ(commits(), 1);
  EXPECT_EQ(demo.commit("demo/m", put("a.txt", "2"), "main?create_pr=1").status, 200);
  EXPECT_EQ(commits(), 2) << "that of a new pull request, too";
}

TEST(Compression, IsForJsonThatIsWorthIt) {
  const LocalHub hub;
  HubClient demo(hub);
  demo.create_repo("m");
  demo.commit_file("demo/m", "big.json", "[" + std::string(100'000, ' ') + "]");
  for (int i = 0; i < 30; ++i) demo.commit_file("demo/m", "f" + std::to_string(i), "x");
  const std::string plain = demo.get("/api/models/demo/m/tree/main").body;
  RawConnection connection(hub.base_url());
  const auto get = [&](const std::string& target, const std::string& accepted) {
    connection.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: " + accepted +
                    "\r\n\r\n");
    return connection.read_answer();
  };
  const RawConnection::Answer packed = get("/api/models/demo/m/tree/main", "br, gzip;q=0.5");
  EXPECT_NE(packed.head.find("Content-Encoding: gzip"), std::string::npos) << packed.head;
  EXPECT_LT(packed.body.size(), plain.size() / 2);
  EXPECT_EQ(gunzip(packed.body), plain);
  EXPECT_EQ(get("/api/models/demo/m/tree/main", "identity").body, plain);
  EXPECT_EQ(get("/api/models/demo/m/tree/main", "gzip;q=0").body, plain);
  const RawConnection::Answer file = get("/demo/m/resolve/main/big.json", "gzip");
  EXPECT_EQ(file.body.size(), 100'002U) << "a file's bytes are what its ETag names";
}

TEST(CrossOrigin, IsForTheOriginsOfTheConfiguration) {
  const LocalHub hub(relaxed({.cors_origins = {"https://app.example"}}));
  const HubClient client(hub.base_url(), "");
  const auto ask = [&](const std::string& origin) {
    return client.send("OPTIONS", "/api/whoami-v2", {},
                       {{"Origin", origin}, {"Access-Control-Request-Method", "GET"}});
  };
  const Response yes = ask("https://app.example");
  EXPECT_EQ(yes.status, 204);
  EXPECT_EQ(yes.headers.get("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_NE(yes.headers.get("Access-Control-Allow-Headers")->find("Authorization"),
            std::string::npos);
  const Response no = ask("https://evil.example");
  EXPECT_EQ(no.status, 405);
  EXPECT_FALSE(no.headers.get("Access-Control-Allow-Origin"));
  const Response read = client.get("/healthz", {{"Origin", "https://app.example"}});
  EXPECT_EQ(read.headers.get("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_NE(read.headers.get("Access-Control-Expose-Headers")->find("X-Repo-Commit"),
            std::string::npos);
}

}  // namespace
}  // namespace torchhub::testing
