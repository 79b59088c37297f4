#include "torchhub/card/eval_result.h"

#include "support/message_of.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/eval_result_json.h"
#include "torchhub/card/eval_results_file.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

EvalResult result(const std::string& metric, const ordered_json& value) {
  EvalResult out;
  out.task_type = "automatic-speech-recognition";
  out.dataset_type = "common_voice";
  out.dataset_name = "Common Voice (French)";
  out.metric_type = metric;
  out.metric_value = value;
  return out;
}

TEST(EvalResult, MetricsOfOneDatasetShareAnEntry) {
  EvalResult wer = result("wer", 20.5);
  wer.task_name = "Speech Recognition";
  wer.dataset_args = {{"lang", "fr"}};
  wer.source_name = "Board";
  wer.source_url = "https://example.org";
  EvalResult other = result("wer", 30);
  other.dataset_split = "test";
  const ordered_json index = to_model_index("m", {wer, other, result("cer", "5 ± 1")});
  EXPECT_EQ(index, ordered_json::parse(R"json([{"name": "m", "results": [
    {"task": {"type": "automatic-speech-recognition", "name": "Speech Recognition"},
     "dataset": {"name": "Common Voice (French)", "type": "common_voice", "args": {"lang": "fr"}},
     "metrics": [{"type": "wer", "value": 20.5}, {"type": "cer", "value": "5 ± 1"}],
     "source": {"url": "https://example.org", "name": "Board"}},
    {"task": {"type": "automatic-speech-recognition"},
     "dataset": {"name": "Common Voice (French)", "type": "common_voice", "split": "test"},
     "metrics": [{"type": "wer", "value": 30}]}]}])json"));
}

TEST(EvalResult, ComesBackFromItsModelIndex) {
  EvalResult full = result("bleu", 1.5);
  full.dataset_config = "fr";
  full.dataset_revision = "5503434";
  full.metric_name = "BLEU";
  full.metric_config = "c";
  full.metric_args = {{"max_order", 4}};
  full.verified = true;
  full.verify_token = "t";
  const std::vector<EvalResult> results = {full, result("wer", 2)};
  const ModelIndex back = from_model_index(to_model_index("m", results));
  EXPECT_EQ(back.model_name, "m");
  EXPECT_EQ(back.results, results);
}

// Every part that the Hub's documentation of model cards shows.
TEST(EvalResult, TakesTheHubsSampleThereAndBack) {
  const ordered_json sample = ordered_json::parse(R"json([{"name": "wav2vec2-fr", "results": [
    {"task": {"type": "automatic-speech-recognition", "name": "Speech Recognition"},
     "dataset": {"name": "Common Voice (French)", "type": "common_voice", "config": "fr",
                 "split": "test", "revision": "5503434ddd753f426f4b38109466949a1217c2bb",
                 "args": {"language": "fr"}},
     "metrics": [{"type": "wer", "value": 20.9, "name": "Test WER", "config": "default",
                  "args": {"max_order": 4}, "verified": true, "verifyToken": "eyJ"},
                 {"type": "cer", "value": 6.4, "name": "Test CER"}],
     "source": {"url": "https://example.org/board", "name": "Board"}},
    {"task": {"type": "audio-classification"},
     "dataset": {"name": "Keywords", "type": "ana/keywords"},
     "metrics": [{"type": "accuracy", "value": 0.5}]}]}])json");
  const ModelIndex index = from_model_index(sample);
  ASSERT_EQ(index.results.size(), 3U);
  EXPECT_EQ(index.results[1].source_name, "Board");
  EXPECT_EQ(to_model_index(index.model_name, index.results), sample);
}

TEST(EvalResult, IsTheSameExceptForValueAndToken) {
  EvalResult a = result("wer", 1);
  EvalResult b = result("wer", 2);
  b.verify_token = "t";
  EXPECT_TRUE(same_except_value(a, b));
  b.dataset_split = "test";
  EXPECT_FALSE(same_except_value(a, b));
}

std::string index_error(const ordered_json& index) {
  try {
    from_model_index(index);
  } catch (const ModelCardError& error) {
    return error.what();
  }
  return "no error";
}

TEST(EvalResult, NamesThePartOfAModelIndexThatIsMissing) {
  const ordered_json good = to_model_index("m", {result("wer", 1)});
  EXPECT_EQ(index_error(good), "no error");
  ordered_json index = good;
  index[0]["results"][0]["task"].erase("type");
  EXPECT_EQ(index_error(index),
            "The model-index of a model card has no 'results.task.type' where one must be. Add it, "
            "or delete the model-index.");
  for (const char* part : {"task", "dataset", "metrics"}) {
    index = good;
    index[0]["results"][0].erase(part);
    EXPECT_NE(index_error(index).find(std::string("no 'results.") + part), std::string::npos);
  }
  EXPECT_NE(index_error({{{"results", ordered_json::array()}}}).find("no 'name'"),
            std::string::npos);
  EXPECT_NE(index_error("text"), "no error");
  EXPECT_NE(index_error({"text"}), "no error");
}

TEST(EvalResult, ComesBackFromItsJson) {
  EvalResult full = result("bleu", 1.5);
  full.dataset_args = {{"lang", "fr"}};
  full.verified = false;
  full.source_url = "https://example.org";
  const ordered_json json = to_json(full);
  EXPECT_EQ(json, ordered_json::parse(R"json({"task_type": "automatic-speech-recognition",
    "dataset_type": "common_voice", "dataset_name": "Common Voice (French)", "metric_type": "bleu",
    "metric_value": 1.5, "dataset_args": {"lang": "fr"}, "verified": false,
    "source_url": "https://example.org"})json"));
  EXPECT_EQ(eval_results_from_json(json), std::vector<EvalResult>{full});
  EXPECT_EQ(eval_results_from_json(ordered_json::array({json, json})).size(), 2U);
  EXPECT_EQ(eval_results_from_json(to_model_index("m", {full})), std::vector<EvalResult>{full});
  EXPECT_TRUE(eval_results_from_json(ordered_json::array()).empty());
}

TEST(EvalResult, NamesTheFieldOfItsJsonThatIsWrong) {
  const auto error = [](const ordered_json& json) {
    return testing::message_of<ModelCardError>([&] { eval_results_from_json(json); });
  };
  ordered_json json = to_json(result("wer", 1));
  json["metric"] = "wer";
  EXPECT_EQ(error({to_json(result("wer", 1)), json}),
            "Evaluation result 2 cannot be taken: it has the unknown field 'metric'. Each needs "
            "task_type, dataset_type, dataset_name, metric_type and metric_value.");
  json.erase("metric");
  json.erase("task_type");
  EXPECT_NE(error(json).find("result 1 cannot be taken: it has no 'task_type'"), std::string::npos);
  json["task_type"] = 1;
  EXPECT_NE(error(json).find("its 'task_type' is no text"), std::string::npos);
  EXPECT_NE(error(5).find("it is no map of fields"), std::string::npos);
}

TEST(EvalResultsFile, ComesBackAsItWas) {
  const EvalFileEntry full{.dataset_id = "cais/hle",
                           .dataset_task_id = "default",
                           .value = 20.5,
                           .dataset_revision = "0123",
                           .verify_token = "t",
                           .date = "2025-01-15",
                           .source_url = "https://example.org",
                           .source_name = "Board",
                           .source_user = "ana",
                           .notes = "no tools"};
  const EvalFileEntry small{.dataset_id = "d", .dataset_task_id = "t", .value = 1};
  const std::string yaml = write_eval_results_file({full, small});
  EXPECT_EQ(yaml,
            "- dataset:\n    id: cais/hle\n    task_id: default\n    revision: '0123'\n"
            "  value: 20.5\n  verifyToken: t\n  date: '2025-01-15'\n  source:\n"
            "    url: https://example.org\n    name: Board\n    user: ana\n  notes: no tools\n"
            "- dataset:\n    id: d\n    task_id: t\n  value: 1\n");
  EXPECT_EQ(parse_eval_results_file(yaml), (std::vector<EvalFileEntry>{full, small}));
  EXPECT_TRUE(parse_eval_results_file("").empty());
}

TEST(EvalResultsFile, NamesTheEntryAndThePartThatIsMissing) {
  const auto error = [](const std::string& yaml) {
    return testing::message_of<ModelCardError>([&] { parse_eval_results_file(yaml); });
  };
  const std::string good = "- dataset: {id: d, task_id: t}\n  value: 1\n";
  EXPECT_EQ(error(good + "- dataset: {id: d}\n  value: 1"),
            "Entry 2 of an evaluation results file cannot be taken: dataset.task_id is empty. Each "
            "needs dataset.id, dataset.task_id and value.");
  EXPECT_NE(error(good + "- value: 1").find("dataset.id is empty"), std::string::npos);
  EXPECT_NE(error("- dataset: {id: d, task_id: t}").find("it has no value"), std::string::npos);
  EXPECT_NE(error("- dataset: {id: d, task_id: t}\n  value: 1\n  source: {name: x}")
                .find("its source has no url"),
            std::string::npos);
  EXPECT_NE(error("- word").find("a map was expected"), std::string::npos);
  EXPECT_NE(error("a: 1").find("is a list"), std::string::npos);
  EXPECT_NE(error("[").find("cannot be read"), std::string::npos);
}

TEST(EvalResult, ASourceNeedsItsAddress) {
  EvalResult named = result("wer", 1);
  named.source_name = "Board";
  EXPECT_THROW(to_model_index("m", {named}), ModelCardError);
}

}  // namespace
}  // namespace torchhub
