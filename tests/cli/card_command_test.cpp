#include "support/child_process.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/card/model_card.h"
#include "torchhub/push/card_repo.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace torchhub {
namespace {

using testing::Finished;
using testing::LocalHub;
using testing::TempDir;

/// `torchhub card ...` in a world without a Hub, unless more says otherwise.
Finished card(std::vector<std::string> arguments, const std::vector<std::string>& more = {}) {
  arguments.insert(arguments.begin(), {TORCHHUB_EXECUTABLE, "card"});
  std::vector<std::string> environment = more;  // of two equal names the first counts
  environment.insert(environment.end(), {"HF_TOKEN=", "HF_HUB_OFFLINE=1", "HF_HOME=/nonexistent"});
  return testing::run(std::move(arguments), std::move(environment));
}

TEST(CardCommand, MakesACardForAFolderOnce) {
  const TempDir dir;
  const std::string folder = (dir / "my-net").string();
  const Finished made =
      card({"new", folder, "--set", "license=mit", "--set", "language=no", "--set", "tags=[z, a]",
            "--tag", "a", "--tag", "b", "--value", "developers=Ana & Ben"});
  EXPECT_EQ(made.exit_code, 0) << made.errors;
  EXPECT_EQ(made.output, folder + "/README.md\n");
  const std::string text = read_file(folder + "/README.md");
  EXPECT_NE(text.find("\nlicense: mit\nlanguage: 'no'\ntags:\n- z\n- a\n- b\n---\n"),
            std::string::npos);
  EXPECT_NE(text.find("\n# Model Card for my-net\n"), std::string::npos);
  EXPECT_NE(text.find("**Developed by:** Ana & Ben\n"), std::string::npos);

  const Finished again = card({"new", folder});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(again.errors, "torchhub: '" + folder +
                              "' has a model card already. Change it with 'torchhub card update', "
                              "or replace it with --overwrite.\n");
  EXPECT_EQ(read_file(folder + "/README.md"), text);
  EXPECT_EQ(card({"new", folder, "--overwrite"}).exit_code, 0);
  EXPECT_NE(read_file(folder + "/README.md"), text);
}

TEST(CardCommand, TakesATemplateAndNamesTheLineThatIsWrong) {
  const TempDir dir;
  const std::string file = (dir / "template.md").string();
  write_file_atomically(file, "---\n{{ card_data }}\n---\n# {{ model_id }}\n");
  EXPECT_EQ(
      card({"new", dir.path().string(), "--template", file, "--set", "license=mit"}).exit_code, 0);
  EXPECT_EQ(read_file(dir / "README.md"),
            "---\nlicense: mit\n---\n# " + dir.path().filename().string() + "\n");
  write_file_atomically(file, "\n{% if x %}\n");
  const Finished bad = card({"new", dir.path().string(), "--overwrite", "--template", file});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.errors.find("torchhub: " + file + ": Line 2 of the card template has '{% if x %}'"),
            0U)
      << bad.errors;
}

class CardInFolder : public ::testing::Test {
 protected:
  void write(const std::string& text) const { write_file_atomically(file_, text); }
  std::string text() const { return read_file(file_); }

  TempDir dir_;
  std::string folder_ = dir_.path().string();
  std::string file_ = (dir_ / "README.md").string();
};

TEST_F(CardInFolder, ShowsItsParts) {
  write("---\r\n# mine\r\nlicense: mit\r\n---\r\n# net\r\n");
  EXPECT_EQ(card({"show", folder_}).output, text());
  EXPECT_EQ(card({"show", file_, "--part", "body"}).output, "# net\r\n");
  EXPECT_EQ(card({"show", folder_, "--part", "metadata"}).output, "# mine\r\nlicense: mit\n");
  EXPECT_EQ(card({"show", folder_, "--part", "json"}).output, "{\n  \"license\": \"mit\"\n}\n");
}

TEST_F(CardInFolder, SaysWhatIsMissing) {
  const Finished shown = card({"show", folder_});
  EXPECT_EQ(shown.exit_code, 3);
  EXPECT_NE(shown.errors.find(file_), std::string::npos) << shown.errors;
  write("---\na: [\n---\n");
  const Finished broken = card({"show", folder_});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_NE(broken.errors.find(file_ + ": The front matter of a model card cannot be read"),
            std::string::npos)
      << broken.errors;
}

TEST_F(CardInFolder, IsValidatedWithoutAHub) {
  write("---\nlicense: mit\n---\n");
  const Finished good = card({"validate", folder_});
  EXPECT_EQ(good.exit_code, 0) << good.errors;
  EXPECT_EQ(good.output, "");
  write("---\nlicense: mine\npipeline_tag: cooking\n---\n");
  const Finished bad = card({"validate", folder_});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.output,
            "error: license: 'mine': no license id of the Hub. Use one of its list, or 'other' "
            "with a license_name\n"
            "warning: pipeline_tag: 'cooking' is no task that is known here; the Hub shows no "
            "widget for it\n");
  write("\xEF\xBB\xBF---\na: 1\n---\n");
  EXPECT_EQ(card({"validate", folder_}).exit_code, 1);
}

TEST_F(CardInFolder, IsUpdatedByLinesAndKeepsTheRest) {
  write("---\r\n# mine\r\nlanguage: no\r\ntags: [a]\r\n---\r\n# net\r\n");
  const Finished done =
      card({"update", folder_, "--set", "license=mit", "--tag", "b", "--tag", "a"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(done.output, file_ + "\n");
  EXPECT_EQ(
      text(),
      "---\r\n# mine\r\nlanguage: no\r\ntags:\r\n- a\r\n- b\r\nlicense: mit\r\n---\r\n# net\r\n");
  EXPECT_EQ(card({"update", folder_, "--tag", "a"}).output, "Nothing to change.\n");
  EXPECT_EQ(card({"update", "--remove", "tags", "--remove", "license", folder_}).exit_code, 0);
  EXPECT_EQ(text(), "---\r\n# mine\r\nlanguage: no\r\n---\r\n# net\r\n");
}

TEST_F(CardInFolder, KeepsAValueThatDiffersUnlessToldToOverwriteIt) {
  write("---\nlicense: mit\n---\n");
  const Finished refused = card({"update", folder_, "--set", "license=isc", "--tag", "a"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("The card has 'license' already"), std::string::npos);
  EXPECT_EQ(text(), "---\nlicense: mit\n---\n");
  EXPECT_EQ(card({"update", folder_, "--set", "license=isc", "--overwrite"}).exit_code, 0);
  EXPECT_EQ(text(), "---\nlicense: isc\n---\n");
}

constexpr const char* kResults =
    R"([{"task_type": "t", "dataset_type": "d", "dataset_name": "D", "metric_type": "f1",
         "metric_value": 0.5}])";

TEST_F(CardInFolder, TakesResultsFromAFile) {
  write("# net\n");
  const std::string results = (dir_ / "results.json").string();
  write_file_atomically(results, kResults);
  ASSERT_EQ(card({"update", folder_, "--results", results}).exit_code, 0);
  const ModelIndex index = ModelCard(text()).eval_results();
  EXPECT_EQ(index.model_name, dir_.path().filename().string());
  ASSERT_EQ(index.results.size(), 1U);
  EXPECT_EQ(index.results[0].metric_value, 0.5);

  write_file_atomically(
      results, std::string(kResults).replace(std::string(kResults).find("0.5"), 3, "0.75"));
  EXPECT_EQ(card({"update", folder_, "--results", results}).exit_code, 1);
  EXPECT_EQ(card({"update", folder_, "--results", results, "--overwrite"}).exit_code, 0);
  EXPECT_EQ(ModelCard(text()).eval_results().results.at(0).metric_value, 0.75);

  write_file_atomically(results, "[{");
  const Finished broken = card({"update", folder_, "--results", results});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_NE(broken.errors.find(results + " is no JSON"), std::string::npos) << broken.errors;
}

TEST_F(CardInFolder, RefusesWhatIsNoCommand) {
  write("---\nlicense: mit\n---\n");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"show"},
                                             {"paint", folder_},
                                             {"update", folder_},
                                             {"update", folder_, "--set", "license"},
                                             {"update", folder_, "--set", "=mit"},
                                             {"update", folder_, "--set", "a b=c"},
                                             {"update", folder_, "--set", "license="},
                                             {"update", folder_, "--set", "tags=["},
                                             {"update", folder_, "--set", "a=b\nc: d"},
                                             {"show", folder_, "--part", "middle"},
                                             {"show", "ana/net@"},
                                             {"show", "--ana/net", "x"}}) {
    const Finished refused = card(arguments);
    EXPECT_EQ(refused.exit_code, 2) << refused.errors;
  }
  EXPECT_EQ(text(), "---\nlicense: mit\n---\n");
}

class CardOnHub : public ::testing::Test {
 protected:
  CardOnHub() { client_.create_repo(repo_); }

  HubOptions options() const {
    HubOptions out{.endpoint = hub_.base_url(), .token = hub_.token()};
    out.cache_dir = dir_ / "cache";
    return out;
  }
  Finished run(std::vector<std::string> arguments) const {
    return card(std::move(arguments),
                {"HF_HUB_OFFLINE=0", "HF_TOKEN=" + hub_.token(), "HF_ENDPOINT=" + hub_.base_url(),
                 "HF_HOME=" + (dir_ / "home").string()});
  }
  std::string text(const std::string& revision = "main") const {
    return load_card(client_, repo_, revision).text();
  }

  LocalHub hub_;
  TempDir dir_;
  HubClient client_{options()};
  Repo repo_{.id = {.owner = hub_.user(), .name = "net"}};
};

TEST_F(CardOnHub, IsMadeShownAndUpdatedThere) {
  const Finished made = run({"new", "demo/net", "--set", "license=mit"});
  EXPECT_EQ(made.exit_code, 0) << made.errors;
  EXPECT_EQ(made.output.find(hub_.base_url() + "/demo/net/commit/"), 0U) << made.output;
  EXPECT_EQ(run({"show", "demo/net"}).output, text());
  EXPECT_EQ(run({"new", "demo/net"}).exit_code, 1);
  const std::string first = client_.repo_info(repo_).sha;

  const Finished updated = run({"update", "demo/net", "--tag", "a", "--commit-message", "Name it"});
  EXPECT_EQ(updated.exit_code, 0) << updated.errors;
  EXPECT_EQ(client_.list_repo_commits(repo_).front().title, "Name it");
  EXPECT_EQ(load_card(client_, repo_).words("tags"), std::vector<std::string>{"a"});
  EXPECT_EQ(run({"show", "demo/net@" + first}).output, text(first));
  EXPECT_EQ(run({"update", "demo/net", "--tag", "a"}).output, "Nothing to change.\n");
  EXPECT_EQ(run({"update", "demo/net", "--set", "license=isc"}).exit_code, 1);
}

TEST_F(CardOnHub, IsUpdatedOnABranch) {
  push_card(client_, repo_, ModelCard("---\nlicense: mit\n---\n"));
  client_.create_branch(repo_, "draft");
  EXPECT_EQ(run({"update", "demo/net@draft", "--tag", "a"}).exit_code, 0);
  EXPECT_EQ(text("draft"), "---\nlicense: mit\ntags:\n- a\n---\n");
  EXPECT_EQ(text(), "---\nlicense: mit\n---\n");
}

TEST_F(CardOnHub, IsValidatedByTheHubToo) {
  push_card(client_, repo_, ModelCard("---\nlicense: mit\n---\n"));
  EXPECT_EQ(run({"validate", "demo/net"}).exit_code, 0);
  // Within our limits, and beyond those of this Hub.
  const std::string file = (dir_ / "README.md").string();
  write_file_atomically(file, "---\nlicense: mit\na: &x 1\nb: *x\n---\n");
  const Finished refused = run({"validate", file});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.output.find("error: the Hub says: "), 0U) << refused.output;
  EXPECT_EQ(run({"validate", file, "--offline"}).exit_code, 0);
}

TEST_F(CardOnHub, IsToldOnceOfWhatTheHubSaysToo) {
  const std::string file = (dir_ / "README.md").string();
  write_file_atomically(file, "---\n- a\n---\n");
  const Finished refused = run({"validate", file});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.output,
            "error: The front matter of a model card cannot be read at line 1, column 1: it is not "
            "a map of keys and values. Mend the block between the two '---' lines.\n");
}

TEST_F(CardOnHub, TellsWhatItCouldNotReach) {
  EXPECT_EQ(run({"show", "demo/absent"}).exit_code, 3);
  EXPECT_EQ(run({"show", "demo/net"}).exit_code, 3);  // no card yet
  const Finished offline = card({"show", "demo/net"}, {"HF_HOME=" + (dir_ / "home").string()});
  EXPECT_EQ(offline.exit_code, 3);
  EXPECT_EQ(offline.errors.find(hub_.token()), std::string::npos);
}

TEST_F(CardOnHub, IsNotTakenFromTheCacheWhereTheHubHasNone) {
  const LocalHub other;
  push_card(client_, repo_, ModelCard("# net\n"));
  const std::string commit = client_.repo_info(repo_).sha;
  ASSERT_EQ(run({"show", "demo/net"}).output, "# net\n");
  const std::vector<std::vector<std::string>> commands{{"show", "demo/net"},
                                                       {"show", "demo/net@" + commit},
                                                       {"validate", "demo/net"},
                                                       {"update", "demo/net", "--tag", "a"},
                                                       {"new", "demo/net"}};
  client_.delete_repo(repo_);
  for (const std::string& hub : {hub_.base_url(), other.base_url()}) {
    const std::string token = hub == other.base_url() ? other.token() : hub_.token();
    for (const auto& command : commands) {
      const Finished refused =
          card(command, {"HF_HUB_OFFLINE=0", "HF_TOKEN=" + token, "HF_ENDPOINT=" + hub,
                         "HF_HOME=" + (dir_ / "home").string()});
      EXPECT_EQ(refused.exit_code, 3) << command[0] << refused.output;
      EXPECT_NE(refused.errors.find("Repository 'demo/net' (model) not found at " + hub),
                std::string::npos)
          << command[0] << refused.errors;
    }
  }
}

TEST_F(CardOnHub, IsShownFromTheCacheInOfflineModeAndNotChanged) {
  push_card(client_, repo_, ModelCard("---\nlicense: mit\n---\n"));
  const std::string text = run({"show", "demo/net"}).output;
  const std::vector<std::string> offline{"HF_HOME=" + (dir_ / "home").string()};
  EXPECT_EQ(card({"show", "demo/net"}, offline).output, text);
  EXPECT_EQ(card({"validate", "demo/net"}, offline).exit_code, 0);
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"update", "demo/net", "--set", "license=mit"},
                                             {"update", "demo/net", "--set", "license=isc"},
                                             {"new", "demo/net"}}) {
    const Finished refused = card(command, offline);
    EXPECT_EQ(refused.exit_code, 3) << refused.output;
    EXPECT_EQ(
        refused.errors,
        "torchhub: Offline mode is on (HF_HUB_OFFLINE or HubOptions::offline): the card of "
        "'demo/net' can be read from the cache, but not changed. Turn it off to go online.\n");
  }
}

TEST_F(CardOnHub, IsReachedAtTheEndpointThatIsNamed) {
  push_card(client_, repo_, ModelCard("# net\n"));
  const Finished shown = card({"show", "demo/net", "--endpoint", hub_.base_url()},
                              {"HF_HUB_OFFLINE=0", "HF_ENDPOINT=http://127.0.0.1:1",
                               "HF_HOME=" + (dir_ / "home").string()});
  EXPECT_EQ(shown.output, "# net\n") << shown.errors;
}

}  // namespace
}  // namespace torchhub
