#include "hub/local_client.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>

#include <functional>
#include <regex>

/// What a user meets who gets something wrong: each case is an error of its own type that says what
/// failed, where, and what to do.
namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::HubAndClient;
using testing::repo;

/// The message if exactly this class was thrown; the request's id, which is random, reads R.
template <typename Expected, typename Work>
std::string text_of(Work work) {
  try {
    work();
  } catch (const Expected& error) {
    EXPECT_EQ(typeid(error), typeid(Expected)) << error.what();
    return std::regex_replace(error.what(), std::regex("request [^)]*"), "request R");
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no error";
  return "";
}

struct LocalBadInputTest : ::testing::Test {
  HubAndClient there;
  HubClient client = there.client();
  Repo resnet = repo("demo/resnet");
  std::string url = there.hub().base_url();

  void SetUp() override {
    client.create_repo(resnet);
    client.upload_file(resnet, CommitOperationAdd::from_bytes("config.json", "{}"));
  }
};

TEST_F(LocalBadInputTest, MissingToken) {
  const HubClient anonymous = there.client_with("");
  EXPECT_EQ(text_of<LocalTokenNotFoundError>([&] { anonymous.create_repo(repo("demo/x")); }),
            "No token for creating repository 'demo/x' at " + url +
                ". Set HF_TOKEN (or HubOptions::token) to a token with write access.");
  EXPECT_EQ(text_of<LocalTokenNotFoundError>(
                [&] { anonymous.upload_file(resnet, CommitOperationAdd::from_bytes("a", "b")); }),
            "No token for committing to 'demo/resnet' at " + url +
                ". Set HF_TOKEN (or HubOptions::token) to a token with write access.");
  EXPECT_NO_THROW(anonymous.hub_download(resnet, "config.json"));
}

TEST_F(LocalBadInputTest, WrongToken) {
  const std::string wrong = "hf_" + std::string(34, 'x');
  const HubClient stranger = there.client_with(wrong);
  const std::string text = text_of<UnauthorizedError>([&] { stranger.whoami(); });
  EXPECT_EQ(text, "The token was refused for asking whose token this is at " + url +
                      " (401, request R): Invalid credentials in Authorization header. Check "
                      "HF_TOKEN or the token file; the token may be mistyped, expired, revoked, or "
                      "of another Hub.");
  for (const auto& work : std::vector<std::function<void()>>{
           [&] { stranger.create_repo(repo("demo/x")); },
           [&] { stranger.upload_file(resnet, CommitOperationAdd::from_bytes("a", "b")); },
           [&] { stranger.repo_info(resnet); },
           [&] { stranger.hub_download(resnet, "config.json"); },
           [&] { stranger.snapshot_download(resnet); }}) {
    EXPECT_EQ(text_of<UnauthorizedError>(work).find(wrong), std::string::npos);
  }
}

TEST_F(LocalBadInputTest, TokenThatMayOnlyRead) {
  const HubClient reader = there.client_with(there.hub().read_token());
  const std::string text = text_of<ForbiddenError>(
      [&] { reader.upload_file(resnet, CommitOperationAdd::from_bytes("a", "b")); });
  EXPECT_TRUE(text.starts_with("Not allowed: ")) << text;
  EXPECT_TRUE(text.ends_with("Use a token with write access there (its role must be write)."))
      << text;
}

TEST_F(LocalBadInputTest, TokenThatMayOnlyReadIsFoundOutBeforeTheWork) {
  EXPECT_EQ(client.auth_check(resnet, RepoAccess::write), AuthCheck::allowed);
  const HubClient reader = there.client_with(there.hub().read_token());
  EXPECT_NO_THROW(reader.create_repo(resnet, {.exist_ok = true})) << "as the Python client";
  EXPECT_EQ(reader.auth_check(resnet), AuthCheck::allowed);
  EXPECT_THROW(reader.auth_check(resnet, RepoAccess::write), ForbiddenError);
  EXPECT_THROW(there.client_with("").auth_check(resnet, RepoAccess::write),
               LocalTokenNotFoundError);
  EXPECT_THROW(client.auth_check(repo("demo/none"), RepoAccess::write), RepositoryNotFoundError);
}

TEST_F(LocalBadInputTest, UnknownRepository) {
  const std::string expected =
      "Repository 'demo/none' (model) not found at " + url +
      " (404, request R). Check the spelling; if it is private, check that your token may read it.";
  const Repo none = repo("demo/none");
  EXPECT_EQ(text_of<RepositoryNotFoundError>([&] { client.repo_info(none); }), expected);
  EXPECT_EQ(text_of<RepositoryNotFoundError>([&] { client.hub_download(none, "f"); }), expected);
  EXPECT_EQ(text_of<RepositoryNotFoundError>([&] { client.snapshot_download(none); }), expected);
  EXPECT_EQ(text_of<RepositoryNotFoundError>(
                [&] { client.upload_file(none, CommitOperationAdd::from_bytes("a", "b")); }),
            expected);
  EXPECT_FALSE(fs::exists(there.folder() / "cache/models--demo--none"));
}

TEST_F(LocalBadInputTest, UnknownRepositoryWithoutAToken) {
  EXPECT_EQ(text_of<RepositoryNotFoundError>(
                [&] { there.client_with("").hub_download(repo("demo/none"), "f"); }),
            "Repository 'demo/none' (model) not found at " + url +
                " (401, request R). Check the spelling; if it is private, set HF_TOKEN to a token "
                "that may read it.");
}

TEST_F(LocalBadInputTest, UnknownRevision) {
  const std::string expected = "Revision 'v9' of repository 'demo/resnet' (model) not found at " +
                               url + " (404, request R). Check the branch, tag or commit hash.";
  EXPECT_EQ(text_of<RevisionNotFoundError>([&] { client.repo_info(resnet, "v9"); }), expected);
  EXPECT_EQ(text_of<RevisionNotFoundError>(
                [&] { client.hub_download(resnet, "config.json", {.revision = "v9"}); }),
            expected);
  EXPECT_EQ(
      text_of<RevisionNotFoundError>([&] { client.snapshot_download(resnet, {.revision = "v9"}); }),
      expected);
  EXPECT_EQ(text_of<RevisionNotFoundError>([&] {
              client.upload_file(resnet, CommitOperationAdd::from_bytes("a", "b"),
                                 {.revision = "v9"});
            }),
            expected);
}

TEST_F(LocalBadInputTest, UnknownFile) {
  EXPECT_EQ(
      text_of<RemoteEntryNotFoundError>([&] { client.hub_download(resnet, "none.json"); }),
      "File 'none.json' not found in repository 'demo/resnet' (model) at revision 'main' at " +
          url + " (404, request R). Check the path; upper and lower case differ.");
}

TEST_F(LocalBadInputTest, ServerDown) {
  there.hub().stop();
  EXPECT_EQ(text_of<ConnectionError>([&] { client.create_repo(repo("demo/x")); }),
            "creating repository 'demo/x': No answer from " + url + " to POST " + url +
                "/api/repos/create: could not connect. Check the address and that the server is "
                "running.");
  EXPECT_EQ(
      text_of<LocalEntryNotFoundError>([&] { client.hub_download(resnet, "other.json"); }),
      "'other.json' of 'demo/resnet' (model) at revision 'main' is not in the cache at " +
          (there.folder() / "cache/models--demo--resnet").string() +
          ", and the Hub could not be asked: looking up 'other.json' of 'demo/resnet': No answer "
          "from " +
          url + " to HEAD " + url +
          "/demo/resnet/resolve/main/other.json: could not connect. Check the address and "
          "that the server is running. Go online, or download it first.");
}

}  // namespace
}  // namespace torchhub
