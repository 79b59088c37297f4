#include "server/hub_client.h"
#include "server/served_hub.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

/// The options of `torchhub serve` that are about who asks and how often.
namespace torchhub::testing {
namespace {

using nlohmann::json;

/// What stands behind `mark` in `text`, up to the end of the line.
std::string behind(const std::string& text, const std::string& mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string::npos) return {};
  return text.substr(at + mark.size(), text.find('\n', at) - at - mark.size());
}

TEST(TrafficProgram, AnswersForMonitoringOnAnAddressOfItsOwn) {
  const TempDir folder;
  ServedHub hub(folder / "data", {"--metrics-listen", "127.0.0.1:0", "--anonymous-read", "off"});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const std::string url = behind(hub.process().errors(), "  metrics: ");
  ASSERT_TRUE(url.starts_with("http://127.0.0.1:") && url.ends_with("/metrics")) << url;
  const HubClient watcher(url.substr(0, url.rfind('/')), "");
  const Response metrics = watcher.get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find("torchhub_accounts 1\n"), std::string::npos) << metrics.body;
  EXPECT_EQ(watcher.get("/healthz").status, 200);
  EXPECT_NE(watcher.get("/readyz").status, 404);
  EXPECT_EQ(watcher.get("/api/models").status, 404);
  EXPECT_EQ(HubClient(hub.base_url(), "").get("/metrics").status, 401);
  const Finished second =
      torchhub_program({"serve", "--data", (folder / "other").string(), "--listen", "127.0.0.1:0",
                        "--metrics-listen", url.substr(7, url.rfind('/') - 7)});
  EXPECT_EQ(second.exit_code, 3) << "the port is taken";
}

TEST(TrafficProgram, CountsRequestsOfThisMachineWhereAsked) {
  const TempDir folder;
  ServedHub hub(folder / "data", {"--rate-api", "3", "--rate-resolve", "2", "--rate-loopback"});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient demo(hub.base_url(), hub.token());
  const Response first = demo.get("/api/models");
  EXPECT_TRUE(first.headers.get("RateLimit").value_or("").starts_with("\"api\";r=2;t="));
  EXPECT_EQ(first.headers.get("RateLimit-Policy"), "\"fixed window\";\"api\";q=3;w=300");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(demo.get("/api/models").status, 200);
  const Response over = demo.get("/api/models");
  EXPECT_EQ(over.status, 429);
  EXPECT_TRUE(over.headers.get("Retry-After"));
  const Response file = demo.get("/demo/m/resolve/main/a");
  EXPECT_EQ(file.status, 404);
  EXPECT_EQ(file.headers.get("RateLimit-Policy"), "\"fixed window\";\"resolvers\";q=2;w=300");
  demo.get("/demo/m/resolve/main/a");
  EXPECT_EQ(demo.get("/demo/m/resolve/main/a").status, 429);
  EXPECT_EQ(demo.get("/healthz").status, 200);
}

TEST(TrafficProgram, DoesNotCountThisMachineOtherwise) {
  const TempDir folder;
  ServedHub hub(folder / "data", {"--rate-api", "1"});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient demo(hub.base_url(), hub.token());
  for (int i = 0; i < 3; ++i) {
    const Response response = demo.get("/api/models");
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.headers.get("RateLimit"));
  }
}

/// The addresses in the lines of an access log.
std::vector<std::string> logged_addresses(const std::filesystem::path& file) {
  std::vector<std::string> out;
  std::istringstream text(read_file(file));
  for (std::string line; std::getline(text, line);) {
    out.push_back(json::parse(line).at("address"));
  }
  return out;
}

/// Asks for the list of models as a proxy does for the client that it names.
int ask_for(const HubClient& proxy, const std::string& forwarded) {
  return proxy.get("/api/models", {{"X-Forwarded-For", forwarded}}).status;
}

TEST(TrafficProgram, KnowsClientsBehindATrustedProxyApart) {
  const TempDir folder;
  ServedHub hub(folder / "data", {"--trusted-proxy", "127.0.0.1", "--rate-api", "2", "--access-log",
                                  (folder / "access.log").string()});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient proxy(hub.base_url(), "");
  EXPECT_EQ(ask_for(proxy, "203.0.113.7"), 200);
  EXPECT_EQ(ask_for(proxy, "203.0.113.7"), 429) << "half of two, without a token";
  EXPECT_EQ(ask_for(proxy, "203.0.113.8"), 200);
  EXPECT_EQ(ask_for(proxy, "203.0.113.9, 203.0.113.8"), 429)
      << "what the client claims is on the left of what the proxy saw";
  hub.process().signal(SIGTERM);
  EXPECT_EQ(hub.process().wait(), 0);
  EXPECT_EQ(logged_addresses(folder / "access.log"),
            (std::vector<std::string>{"203.0.113.7", "203.0.113.7", "203.0.113.8", "203.0.113.8"}));
}

TEST(TrafficProgram, BelievesNobodyElse) {
  const TempDir folder;
  ServedHub hub(folder / "data",
                {"--trusted-proxy", "10.0.0.1,10.0.0.2", "--rate-api", "2", "--rate-loopback",
                 "--access-log", (folder / "access.log").string()});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient client(hub.base_url(), "");
  EXPECT_EQ(ask_for(client, "203.0.113.7"), 200);
  EXPECT_EQ(ask_for(client, "203.0.113.8"), 429) << "it is one client, whatever it says";
  hub.process().signal(SIGTERM);
  EXPECT_EQ(hub.process().wait(), 0);
  EXPECT_EQ(logged_addresses(folder / "access.log"),
            (std::vector<std::string>{"127.0.0.1", "127.0.0.1"}));
}

}  // namespace
}  // namespace torchhub::testing
