#include "torchhub/card/metadata_update.h"

#include "card/part_of_text.h"
#include "support/message_of.h"
#include "torchhub/card/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;
using testing::replaced;

/// A result with what a hand-written card may hold besides: comments, an unknown key, a name that
/// reads as false, a revision that reads as a number.
constexpr std::string_view kCard =
    "---\n"
    "# ours\n"
    "language: no\n"
    "license: mit  # chosen by Ana\n"
    "model-index:\n"
    "- name: net\n"
    "  results:\n"
    "  - task:\n"
    "      type: text-classification\n"
    "    dataset:\n"
    "      name: MRPC\n"
    "      type: glue\n"
    "      config: no\n"
    "      revision: 0123\n"
    "    metrics:\n"
    "    - type: f1\n"
    "      value: 0.5\n"
    "      note: kept\n"
    "    - type: accuracy\n"
    "      value: 0.25\n"
    "      verified: true\n"
    "      verifyToken: old\n"
    "---\n"
    "# net\n";

EvalResult known(const std::string& metric, const ordered_json& value) {
  EvalResult out{.task_type = "text-classification",
                 .dataset_type = "glue",
                 .dataset_name = "MRPC",
                 .metric_type = metric,
                 .metric_value = value};
  out.dataset_config = "no";
  out.dataset_revision = "0123";
  return out;
}

ordered_json update_with(const std::vector<EvalResult>& results) {
  return {{"model-index", to_model_index("other", results)}};
}

ModelCard card() { return ModelCard(std::string(kCard)); }

TEST(UpdateMetadata, SetsAKeyThatIsNewAndLeavesTheRest) {
  ModelCard updated = card();
  update_metadata(updated, {{"pipeline_tag", "text-classification"}, {"license", "mit"}});
  EXPECT_EQ(updated.text(), replaced(std::string(kCard), "verifyToken: old\n",
                                     "verifyToken: old\npipeline_tag: text-classification\n"));
}

TEST(UpdateMetadata, RefusesAnotherValueAndNamesTheKey) {
  ModelCard updated = card();
  const ordered_json metadata = {{"tags", {"a"}}, {"license", "apache-2.0"}};
  EXPECT_EQ(testing::message_of<ModelCardError>([&] { update_metadata(updated, metadata); }),
            "The card has 'license' already, with the value \"mit\" where the new one is "
            "\"apache-2.0\". Overwrite it (--overwrite), or leave it out.");
  EXPECT_EQ(updated.text(), kCard);  // nothing of it was done
  update_metadata(updated, metadata, OnConflict::overwrite);
  EXPECT_EQ(updated.metadata()["license"], "apache-2.0");
  EXPECT_EQ(updated.metadata()["tags"], ordered_json({"a"}));
}

TEST(UpdateMetadata, NullRemovesAKeyIfOverwritingIsAllowed) {
  ModelCard updated = card();
  EXPECT_THROW(update_metadata(updated, {{"license", nullptr}}), ModelCardError);
  update_metadata(updated, {{"license", nullptr}, {"absent", nullptr}}, OnConflict::overwrite);
  EXPECT_EQ(updated.text(), replaced(std::string(kCard), "license: mit  # chosen by Ana\n", ""));
}

TEST(UpdateMetadata, ChangesTheValueOfAResultAndKeepsEveryOtherWord) {
  ModelCard updated = card();
  EXPECT_EQ(testing::message_of<ModelCardError>(
                [&] { update_metadata(updated, update_with({known("f1", 0.75)})); }),
            "The card has the result 'f1 of text-classification on MRPC, no, 0123' already, with "
            "the value 0.5 where the new one is 0.75. Overwrite it (--overwrite), or leave it "
            "out.");
  EXPECT_EQ(updated.text(), kCard);
  update_metadata(updated, update_with({known("f1", 0.75)}), OnConflict::overwrite);
  EXPECT_EQ(updated.text(), replaced(std::string(kCard), "value: 0.5\n", "value: 0.75\n"));
}

TEST(UpdateMetadata, AResultThatIsTheSameIsNoConflict) {
  ModelCard updated = card();
  update_metadata(updated, update_with({known("f1", 0.5)}));
  EXPECT_EQ(updated.text(), kCard);
}

TEST(UpdateMetadata, TakesTheTokenOfAVerifiedResultOnly) {
  ModelCard updated = card();
  EvalResult verified = known("accuracy", 0.25);
  verified.verified = true;
  verified.verify_token = "new";
  EvalResult other = known("f1", 0.5);
  other.verify_token = "unasked";
  update_metadata(updated, update_with({verified, other}), OnConflict::overwrite);
  EXPECT_EQ(updated.text(), replaced(std::string(kCard), "verifyToken: old", "verifyToken: new"));
}

TEST(UpdateMetadata, AppendsAMetricBesideItsOwnAndADatasetAtTheEnd) {
  ModelCard updated = card();
  EvalResult elsewhere = known("f1", 0.125);
  elsewhere.dataset_split = "test";
  update_metadata(updated, update_with({known("recall", 1), elsewhere}));
  const ordered_json& results = updated.metadata()["model-index"][0]["results"];
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0]["metrics"].size(), 3U);
  EXPECT_EQ(results[0]["metrics"][2]["type"], "recall");
  EXPECT_EQ(results[1]["dataset"]["split"], "test");
  EXPECT_EQ(updated.metadata()["model-index"][0]["name"], "net");
  EXPECT_EQ(updated.eval_results().results.size(), 4U);
}

TEST(UpdateMetadata, AResultOfAnotherSourceGetsAnEntryOfItsOwn) {
  ModelCard updated = card();
  EvalResult claimed = known("f1", 0.9);
  claimed.source_name = "Board";
  claimed.source_url = "https://example.org";
  update_metadata(updated, update_with({claimed}));
  const ordered_json& results = updated.metadata()["model-index"][0]["results"];
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[1]["source"]["name"], "Board");
  EXPECT_FALSE(results[0].contains("source"));
}

TEST(UpdateMetadata, GivesANameToAModelIndexWithoutOne) {
  ordered_json metadata = update_with({known("f1", 1)});
  metadata["model-index"][0].erase("name");
  ModelCard fresh("# net\n");
  update_metadata(fresh, metadata, OnConflict::refuse, "ana/net");
  EXPECT_EQ(fresh.eval_results().model_name, "ana/net");
  EXPECT_EQ(fresh.eval_results().results, std::vector<EvalResult>{known("f1", 1)});
  ModelCard named("---\nmodel-index:\n- name: mine\n  results: []\n---\n");
  update_metadata(named, metadata, OnConflict::refuse, "ana/net");
  EXPECT_EQ(named.eval_results().model_name, "mine");
}

TEST(UpdateMetadata, KeepsTwoModelsOfOneIndexApart) {
  ModelCard updated(
      "---\nmodel-index:\n- name: a\n  results: []\n- name: other\n  results:\n  - task:\n"
      "      type: t\n    dataset:\n      name: D\n      type: d\n    metrics:\n    - type: f1\n"
      "      value: 1\n---\n");
  update_metadata(updated, update_with({known("f1", 0.5)}));
  const ordered_json& index = updated.metadata()["model-index"];
  ASSERT_EQ(index.size(), 2U);
  EXPECT_EQ(index[0]["results"].size(), 0U);
  EXPECT_EQ(index[1]["results"].size(), 2U);
}

TEST(UpdateMetadata, NamesWhatABrokenModelIndexLacks) {
  ModelCard broken("---\nmodel-index:\n- name: a\n  results:\n    task: x\n---\n");
  EXPECT_THROW(update_metadata(broken, update_with({known("f1", 1)})), ModelCardError);
  for (const char* lists : {"results: {}", "results: text",
                            "results:\n  - task: {type: t}\n    "
                            "dataset: {type: d, name: D}\n    metrics: {}"}) {
    ModelCard odd(std::string("---\nmodel-index:\n- name: a\n  ") + lists + "\n---\n");
    EXPECT_THROW(update_metadata(odd, update_with({known("f1", 1)})), ModelCardError) << lists;
  }
}

TEST(UpdateEvalResults, BeginsAModelIndexAndKeepsEachSource) {
  ModelCard updated("# net\n");
  EvalResult claimed = known("f1", 0.9);
  claimed.source_url = "https://example.org";
  update_eval_results(updated, {known("f1", 0.5), claimed, known("recall", 1)}, OnConflict::refuse,
                      "net");
  EXPECT_EQ(updated.eval_results().model_name, "net");
  EXPECT_EQ(updated.eval_results().results,
            (std::vector<EvalResult>{known("f1", 0.5), known("recall", 1), claimed}));
  EXPECT_THROW(update_eval_results(updated, {known("f1", 0.25)}), ModelCardError);
  update_eval_results(updated, {known("f1", 0.25)}, OnConflict::overwrite);
  EXPECT_EQ(updated.eval_results().results[0], known("f1", 0.25));
}

TEST(UpdateMetadata, TakesManyResultsIntoManyInReasonableTime) {
  std::vector<EvalResult> old;
  std::vector<EvalResult> fresh;
  for (int i = 0; i < 1000; ++i) {
    old.push_back(known("f1", i));
    old.back().dataset_config = "c" + std::to_string(i);
    fresh.push_back(old.back());
    fresh.back().metric_value = i + 1;
  }
  ModelCard updated("# net\n");
  updated.set_eval_results("net", old);
  update_metadata(updated, update_with(fresh), OnConflict::overwrite);
  EXPECT_EQ(updated.eval_results().results, fresh);
}

TEST(ModelCardResults, AreReadAndSetAsAWhole) {
  ModelCard updated = card();
  EXPECT_EQ(updated.eval_results().results.size(), 2U);
  EXPECT_EQ(updated.eval_results().results[0], known("f1", 0.5));
  updated.set_eval_results("new", {known("recall", 1)});
  EXPECT_EQ(updated.eval_results().model_name, "new");
  EXPECT_EQ(updated.eval_results().results, std::vector<EvalResult>{known("recall", 1)});
  EXPECT_THROW(updated.set_eval_results("", {known("recall", 1)}), ModelCardError);
  updated.set_eval_results("", {});
  EXPECT_FALSE(updated.metadata().contains("model-index"));
  EXPECT_TRUE(updated.eval_results().results.empty());
}

}  // namespace
}  // namespace torchhub
