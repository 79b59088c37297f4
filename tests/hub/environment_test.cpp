#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"
#include "torchhub/hub/options.h"

#include <gtest/gtest.h>

#include <map>

namespace torchhub {
namespace {

using testing::TempDir;

HubOptions options_from(std::map<std::string, std::string> variables) {
  return HubOptions::from_environment([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(Environment, GivesThePublicHubAndTheUsualCacheWhenNothingIsSet) {
  const HubOptions options = options_from({{"HOME", "/home/ana"}});
  EXPECT_EQ(options.endpoint, "https://huggingface.co");
  EXPECT_EQ(options.token, std::nullopt);
  EXPECT_EQ(options.cache_dir, "/home/ana/.cache/huggingface/hub");
  EXPECT_FALSE(options.offline);
  EXPECT_TRUE(options.use_symlinks);
}

TEST(Environment, TakesTheSlashOffTheEndpoint) {
  EXPECT_EQ(options_from({{"HF_ENDPOINT", "http://localhost:8080/"}}).endpoint,
            "http://localhost:8080");
}

TEST(Environment, PrefersTheNewNamesToTheOld) {
  const HubOptions options = options_from({{"HF_TOKEN", "new"},
                                           {"HUGGING_FACE_HUB_TOKEN", "old"},
                                           {"HF_HUB_CACHE", "/new"},
                                           {"HUGGINGFACE_HUB_CACHE", "/old"}});
  EXPECT_EQ(options.token, "new");
  EXPECT_EQ(options.cache_dir, "/new");
}

TEST(Environment, KnowsTheOldNames) {
  const HubOptions options =
      options_from({{"HUGGING_FACE_HUB_TOKEN", "old"}, {"HUGGINGFACE_HUB_CACHE", "/old"}});
  EXPECT_EQ(options.token, "old");
  EXPECT_EQ(options.cache_dir, "/old");
}

TEST(Environment, FindsTheCacheUnderHfHomeThenXdg) {
  EXPECT_EQ(options_from({{"HF_HOME", "/hf"}, {"XDG_CACHE_HOME", "/xdg"}}).cache_dir, "/hf/hub");
  EXPECT_EQ(options_from({{"XDG_CACHE_HOME", "/xdg"}}).cache_dir, "/xdg/huggingface/hub");
}

TEST(Environment, ExpandsHomeAndVariables) {
  EXPECT_EQ(options_from({{"HF_HOME", "~/hf"}, {"HOME", "/h"}}).cache_dir, "/h/hf/hub");
  EXPECT_EQ(options_from({{"HF_HUB_CACHE", "${A}/$B/$MISSING"}, {"A", "/a"}, {"B", "b"}}).cache_dir,
            "/a/b/$MISSING");
}

TEST(Environment, ReadsTheTokenFileAndStripsIt) {
  const TempDir home;
  write_file_atomically(home / "token", "hf_abc\n");
  EXPECT_EQ(options_from({{"HF_HOME", home.path().string()}}).token, "hf_abc");
  write_file_atomically(home / "mine", " hf_def ");
  EXPECT_EQ(
      options_from({{"HF_HOME", home.path().string()}, {"HF_TOKEN_PATH", (home / "mine").string()}})
          .token,
      "hf_def");
  EXPECT_EQ(options_from({{"HF_HOME", home.path().string()}, {"HF_TOKEN", "hf_env"}}).token,
            "hf_env");
}

TEST(Environment, SendsNoTokenThatWasNotAskedForWhenToldSo) {
  EXPECT_EQ(options_from({{"HF_TOKEN", "x"}, {"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}}).token,
            std::nullopt);
}

TEST(Environment, ReadsTruthAsPythonDoes) {
  for (const char* yes : {"1", "ON", "yes", "True"}) {
    EXPECT_TRUE(options_from({{"HF_HUB_OFFLINE", yes}}).offline) << yes;
  }
  for (const char* no : {"0", "", "no", "2"}) {
    EXPECT_FALSE(options_from({{"HF_HUB_OFFLINE", no}}).offline) << no;
  }
  EXPECT_TRUE(options_from({{"TRANSFORMERS_OFFLINE", "1"}}).offline);
}

TEST(Environment, ReadsTimeoutsAndTheRest) {
  const HubOptions options = options_from({{"HF_HUB_ETAG_TIMEOUT", "3"},
                                           {"HF_HUB_DOWNLOAD_TIMEOUT", "7"},
                                           {"HF_HUB_DISABLE_SYMLINKS", "1"},
                                           {"HF_HUB_USER_AGENT_ORIGIN", "lab"},
                                           {"SSL_CERT_FILE", "/ca.pem"}});
  EXPECT_EQ(options.etag_timeout, std::chrono::seconds(3));
  EXPECT_EQ(options.stall_timeout, std::chrono::seconds(7));
  EXPECT_FALSE(options.use_symlinks);
  EXPECT_EQ(options.user_agent_origin, "lab");
  EXPECT_EQ(options.ca_file, "/ca.pem");
}

TEST(Environment, RefusesATimeoutThatIsNoNumber) {
  try {
    options_from({{"HF_HUB_ETAG_TIMEOUT", "soon"}});
    FAIL() << "no exception";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(),
                 "HF_HUB_ETAG_TIMEOUT is 'soon'. Give a whole number of seconds above 0.");
  }
}

TEST(HubOptions, AreRefusedWithEveryProblemNamedAndTheTokenUnsaid) {
  try {
    HubClient({.endpoint = "localhost:8080", .token = "hf_se cret", .download_workers = 0});
    FAIL() << "no exception";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(),
                 "HubOptions are not valid:\n"
                 "  - endpoint is 'localhost:8080'; it must look like https://huggingface.co or "
                 "http://127.0.0.1:8080\n"
                 "  - token is empty or holds blanks or control characters\n"
                 "  - download_workers must be at least 1");
  }
}

}  // namespace
}  // namespace torchhub
