#include "torchhub/push/card_repo.h"

#include "support/local_hub.h"
#include "support/message_of.h"
#include "torchhub/card/errors.h"
#include "torchhub/http/transport.h"
#include "torchhub/hub/errors.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;
using testing::message_of;

class CardRepo : public ::testing::Test {
 protected:
  CardRepo() { client_.create_repo(repo_); }

  HubOptions options() const {
    HubOptions out{.endpoint = hub_.base_url(), .token = hub_.token()};
    out.cache_dir = cache_ / "hub";
    return out;
  }
  CommitInfo push(const std::string& text, const UploadOptions& options = {}) const {
    return push_card(client_, repo_, ModelCard(text), options);
  }
  /// As curl does it, which asks no hub about the card first.
  void commit_unchecked(const std::string& path, const std::string& content) const {
    const auto transport = make_curl_transport({});
    const Response response = transport->send(
        {.method = "POST",
         .url = hub_.base_url() + "/api/models/" + repo_.id.str() + "/commit/main",
         .headers = {{"Authorization", "Bearer " + hub_.token()}},
         .body = to_ndjson(CommitHeaderLine{"a card"}) + to_ndjson(CommitFileLine{path, content})},
        {});
    ASSERT_EQ(response.status, 200) << response.body;
  }
  std::string head(const std::string& revision = "main") const {
    return client_.repo_info(repo_, revision).sha;
  }
  std::string text_at(const std::string& revision) const {
    return load_card(client_, repo_, revision).text();
  }

  testing::LocalHub hub_;
  testing::TempDir cache_;
  HubClient client_{options()};
  Repo repo_{.id = {.owner = hub_.user(), .name = "net"}};
};

constexpr const char* kCard = "---\r\n# ours\r\nlicense: mit\r\nlanguage: no\r\n---\r\n# net\r\n";

TEST_F(CardRepo, PushedCardsAreLoadedByteForByteAtTheirRevision) {
  EXPECT_FALSE(find_card(client_, repo_, "main").has_value());
  EXPECT_THROW(load_card(client_, repo_), RemoteEntryNotFoundError);
  const CommitInfo first = push(kCard);
  EXPECT_TRUE(first.changed);
  push("# other\n");
  EXPECT_EQ(text_at(first.oid), kCard);
  EXPECT_EQ(text_at("main"), "# other\n");
  EXPECT_EQ(find_card(client_, repo_)->commit, head());
  EXPECT_FALSE(push("# other\n").changed);
}

TEST_F(CardRepo, IsNotTakenFromTheCacheWhenTheHubIsGone) {
  const CommitInfo pushed = push("# net\n");
  ASSERT_EQ(text_at("main"), "# net\n");
  hub_.stop();
  HubOptions one_try = options();
  one_try.retry.max_retries = 0;
  const HubClient client(one_try);
  EXPECT_THROW(find_card(client, repo_), ConnectionError);
  EXPECT_THROW(load_card(client, repo_), ConnectionError);
  EXPECT_THROW(load_card(client, repo_, pushed.oid), ConnectionError);
  EXPECT_THROW(edit_card(client, repo_, [](ModelCard&) {}), ConnectionError);

  one_try.offline = true;
  const HubClient offline(one_try);
  EXPECT_EQ(load_card(offline, repo_).text(), "# net\n");
  EXPECT_THROW(edit_card(offline, repo_, [](ModelCard&) {}), OfflineModeIsEnabled);
}

TEST_F(CardRepo, NoticesThatSomebodyElsePushed) {
  const CommitInfo first = push("# one\n");
  push("# two\n");
  EXPECT_THROW(push("# three\n", {.parent_commit = first.oid}), HeadMovedError);
  EXPECT_EQ(text_at("main"), "# two\n");
}

TEST_F(CardRepo, ACardThatCannotBeReadNamesItsRepository) {
  commit_unchecked("README.md", "---\na: 1\n# net\n");
  const std::string message =
      message_of<ModelCardError>([&] { load_card(client_, repo_, "main"); });
  EXPECT_TRUE(message.starts_with("the card of 'demo/net' at 'main': ")) << message;
}

TEST_F(CardRepo, UpdatesMetadataInOneCommitAndKeepsTheRest) {
  push(kCard);
  const CommitInfo info = metadata_update(client_, repo_, {{"pipeline_tag", "fill-mask"}});
  EXPECT_EQ(client_.list_repo_commits(repo_).front().title, "Update metadata with torchhub");
  EXPECT_EQ(text_at(info.oid),
            "---\r\n# ours\r\nlicense: mit\r\nlanguage: no\r\npipeline_tag: fill-mask\r\n---\r\n"
            "# net\r\n");
  const CommitInfo again = metadata_update(client_, repo_, {{"pipeline_tag", "fill-mask"}});
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.oid, info.oid);
}

TEST_F(CardRepo, AConflictLeavesTheRepositoryAlone) {
  push(kCard);
  const std::string before = head();
  EXPECT_THROW(metadata_update(client_, repo_, {{"tags", {"a"}}, {"license", "isc"}}),
               ModelCardError);
  EXPECT_EQ(head(), before);
  metadata_update(client_, repo_, {{"license", "isc"}}, {.on_conflict = OnConflict::overwrite});
  EXPECT_EQ(load_card(client_, repo_).metadata()["license"], "isc");
}

TEST_F(CardRepo, ReadsTheBranchThatItWrites) {
  push("---\nlicense: mit\n---\n");
  client_.create_branch(repo_, "draft");
  push("---\nlicense: isc\n---\n", {.revision = "draft"});
  metadata_update(client_, repo_, {{"tags", {"a"}}}, {.upload = {.revision = "draft"}});
  EXPECT_EQ(text_at("draft"), "---\nlicense: isc\ntags:\n- a\n---\n");
  EXPECT_EQ(text_at("main"), "---\nlicense: mit\n---\n");
}

TEST_F(CardRepo, WithoutACardItBeginsWithTheTemplate) {
  metadata_update(client_, repo_, {{"license", "mit"}});
  const ModelCard card = load_card(client_, repo_);
  EXPECT_EQ(card.metadata(), ordered_json({{"license", "mit"}}));
  EXPECT_NE(card.body().find("## Model Details\n"), std::string_view::npos);
}

TEST_F(CardRepo, NamesTheModelIndexAfterTheRepository) {
  ordered_json index = to_model_index("", {{.task_type = "t",
                                            .dataset_type = "d",
                                            .dataset_name = "D",
                                            .metric_type = "f1",
                                            .metric_value = 0.5}});
  index[0].erase("name");
  metadata_update(client_, repo_, {{"model-index", index}});
  EXPECT_EQ(load_card(client_, repo_).eval_results().model_name, "demo/net");
}

TEST_F(CardRepo, AnEditIsMadeAgainOnTopOfWhatOthersCommitted) {
  push("---\nlicense: mit\n---\n# one\n");
  int edits = 0;
  const CommitInfo info = edit_card(client_, repo_, [&](ModelCard& card) {
    if (++edits == 1) push("---\nlicense: mit\n---\n# somebody else's\n");
    card.set("tags", {"a"});
  });
  EXPECT_EQ(edits, 2);
  EXPECT_EQ(text_at(info.oid), "---\nlicense: mit\ntags:\n- a\n---\n# somebody else's\n");
}

TEST_F(CardRepo, AnEditThatThrowsCommitsNothing) {
  push("# one\n");
  const std::string before = head();
  EXPECT_THROW(edit_card(client_, repo_,
                         [](ModelCard& card) {
                           card.set("license", "mit");
                           throw ModelCardError("no");
                         }),
               ModelCardError);
  EXPECT_EQ(head(), before);
}

TEST_F(CardRepo, TheHubsJudgementIsAnError) {
  EXPECT_TRUE(client_.validate_yaml("---\nlicense: mit\n---\n").empty());
  EXPECT_THROW(client_.validate_yaml("---\nlicense: [\n---\n"), BadRequestError);
}

TEST_F(CardRepo, KnowsTheLicenseOfABaseModelOrKeepsQuiet) {
  push("---\nlicense: apache-2.0\n---\n");
  EXPECT_EQ(license_of(client_, "demo/net"), "apache-2.0");
  EXPECT_EQ(license_of(client_, "demo/absent"), std::nullopt);
  EXPECT_EQ(license_of(client_, "no id at all"), std::nullopt);
  hub_.stop();
  HubOptions impatient = options();
  impatient.retry.max_retries = 0;
  EXPECT_EQ(license_of(HubClient(impatient), "demo/net"), std::nullopt);
}

}  // namespace
}  // namespace torchhub
