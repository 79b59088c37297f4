#include "torchhub/wire/repo.h"

#include "support/golden.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace torchhub {
namespace {

bool is_valid(const std::string& id) {
  try {
    RepoId::parse(id);
    return true;
  } catch (const InvalidArgumentError&) {
    return false;
  }
}

std::string id_error(const std::string& id) {
  try {
    RepoId::parse(id);
  } catch (const InvalidArgumentError& error) {
    return error.what();
  }
  return "no error";
}

TEST(RepoId, FollowsHuggingfaceHub) {
  // Where we are stricter on purpose: an owner keeps the rules of a name, since it is a folder of
  // the server and a part of the cache folder.
  const auto stricter = [](const std::string& id) {
    const std::size_t slash = id.find('/');
    return slash != std::string::npos && problem_of_name(id.substr(0, slash)).has_value();
  };
  for (const auto& golden : nlohmann::json::parse(testing::golden("base/repo_ids.json"))) {
    const auto id = golden.at(0).get<std::string>();
    const bool python = golden.at(1);
    if (id.ends_with('\n')) continue;  // slips through a `$` of Python's pattern
    if (stricter(id)) {
      EXPECT_FALSE(is_valid(id)) << id;
    } else {
      EXPECT_EQ(is_valid(id), python) << id;
    }
  }
}

TEST(RepoId, GoesThereAndBack) {
  const RepoId id = RepoId::parse("ana/bert-tiny");
  EXPECT_EQ(id.owner, "ana");
  EXPECT_EQ(id.name, "bert-tiny");
  EXPECT_EQ(id.str(), "ana/bert-tiny");
  EXPECT_EQ(RepoId::parse("gpt2").str(), "gpt2");
  EXPECT_EQ(RepoId::parse("gpt2").owner, "");
}

TEST(RepoId, SaysWhichRuleWasBroken) {
  EXPECT_EQ(
      id_error("a/b/c"),
      "'a/b/c' is not a repository id: it has more than one '/'. Write 'name' or 'owner/name'.");
  EXPECT_EQ(id_error(""), "'' is not a repository id: it is empty. Write 'name' or 'owner/name'.");
  EXPECT_EQ(id_error("/a"),
            "'/a' is not a repository id: it is empty. Write 'name' or 'owner/name'.");
  const auto rule = [](const std::string& name) { return problem_of_name(name).value_or("fine"); };
  EXPECT_EQ(rule(std::string(97, 'a')), "it is longer than 96 characters");
  EXPECT_EQ(rule("a b"), "only letters, digits, '-', '_' and '.' are allowed");
  EXPECT_EQ(rule("a\xc3\xa9"), "only letters, digits, '-', '_' and '.' are allowed");
  EXPECT_EQ(rule("-a"), "it must start and end with a letter, a digit or '_'");
  EXPECT_EQ(rule("a--b"), "'--' and '..' are not allowed");
  EXPECT_EQ(rule("a.git"), "it must not end in '.git'");
  EXPECT_EQ(rule("A_b-c.0"), "fine");
}

TEST(RepoType, SpeaksItsWords) {
  for (const RepoType type : {RepoType::model, RepoType::dataset, RepoType::space}) {
    EXPECT_EQ(parse_repo_type(to_string(type)), type);
    EXPECT_EQ(parse_repo_type(plural(type)), type);
  }
  EXPECT_EQ(url_prefix(RepoType::model), "");
  EXPECT_EQ(url_prefix(RepoType::dataset), "datasets/");
  try {
    parse_repo_type("kernel");
    FAIL();
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(), "'kernel' is not a repository type. Use model, dataset or space.");
  }
}

TEST(Repo, HasItsPlacesOnTheWebAndInTheCache) {
  const Repo dataset{RepoId::parse("ana/reviews"), RepoType::dataset};
  EXPECT_EQ(dataset.web_path(), "datasets/ana/reviews");
  EXPECT_EQ(dataset.cache_folder(), "datasets--ana--reviews");
  const Repo model{RepoId::parse("gpt2")};
  EXPECT_EQ(model.web_path(), "gpt2");
  EXPECT_EQ(model.cache_folder(), "models--gpt2");
}

TEST(CommitHash, IsFortyLowerCaseHexDigits) {
  const std::string hash = "4c77982a5f0a2c5a5f0a2c5a5f0a2c5a5f0a2c5a";
  EXPECT_TRUE(is_commit_hash(hash));
  EXPECT_FALSE(is_commit_hash(hash.substr(1)));
  EXPECT_FALSE(is_commit_hash(hash + "0"));
  EXPECT_FALSE(is_commit_hash("4C" + hash.substr(2)));
  EXPECT_FALSE(is_commit_hash("main"));
}

TEST(HubReference, SplitsIntoItsParts) {
  struct Case {
    const char* text;
    const char* repo;
    std::optional<std::string> revision;
    std::optional<std::string> subfolder;
  };
  const Case cases[] = {
      {"gpt2", "gpt2", std::nullopt, std::nullopt},
      {"ana/bert", "ana/bert", std::nullopt, std::nullopt},
      {"ana/bert@main", "ana/bert", "main", std::nullopt},
      {"ana/bert@refs/pr/1", "ana/bert", "refs/pr/1", std::nullopt},
      {"ana/bert@feature/x", "ana/bert", "feature/x", std::nullopt},
      {"ana/bert@v1.0/checkpoint-500", "ana/bert", "v1.0", "checkpoint-500"},
      {"ana/bert@feature/x/last-checkpoint", "ana/bert", "feature/x", "last-checkpoint"},
      {"ana/bert/last-checkpoint", "ana/bert", std::nullopt, "last-checkpoint"},
      {"gpt2@abc/checkpoint-1", "gpt2", "abc", "checkpoint-1"},
      {"ana/checkpoint-5", "ana/checkpoint-5", std::nullopt, std::nullopt},
      {"ana/bert@x/checkpoint-", "ana/bert", "x/checkpoint-", std::nullopt},
      {"ana/bert@x/checkpoint-5a", "ana/bert", "x/checkpoint-5a", std::nullopt},
      {"ana/bert@a@b", "ana/bert", "a@b", std::nullopt},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const HubReference reference = HubReference::parse(c.text);
    EXPECT_EQ(reference.repo.str(), c.repo);
    EXPECT_EQ(reference.revision, c.revision);
    EXPECT_EQ(reference.subfolder, c.subfolder);
  }
}

TEST(HubReference, RefusesWhatNamesNoRepository) {
  for (const char* text :
       {"", "@main", "ana/bert/other", "ana/bert/checkpoint-5/x", "ana bert", "a/b/c@x"}) {
    EXPECT_THROW(HubReference::parse(text), InvalidArgumentError) << text;
  }
  try {
    HubReference::parse("ana/bert@");
    FAIL();
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(
        error.what(),
        "'ana/bert@' has nothing after '@'. Write a branch, a tag or a commit hash there.");
  }
}

}  // namespace
}  // namespace torchhub
