#include "torchhub/card/eval_result.h"

#include "torchhub/card/errors.h"

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

TEST(EvalResult, IsTheSameExceptForValueAndToken) {
  EvalResult a = result("wer", 1);
  EvalResult b = result("wer", 2);
  b.verify_token = "t";
  EXPECT_TRUE(same_except_value(a, b));
  b.dataset_split = "test";
  EXPECT_FALSE(same_except_value(a, b));
}

std::string error_of(const ordered_json& index) {
  try {
    from_model_index(index);
  } catch (const ModelCardError& error) {
    return error.what();
  }
  return "no error";
}

TEST(EvalResult, NamesThePartOfAModelIndexThatIsMissing) {
  const ordered_json good = to_model_index("m", {result("wer", 1)});
  EXPECT_EQ(error_of(good), "no error");
  ordered_json index = good;
  index[0]["results"][0]["task"].erase("type");
  EXPECT_EQ(error_of(index),
            "The model-index of a model card has no 'results.task.type' where one must be. Add it, "
            "or delete the model-index.");
  for (const char* part : {"task", "dataset", "metrics"}) {
    index = good;
    index[0]["results"][0].erase(part);
    EXPECT_NE(error_of(index).find(std::string("no 'results.") + part), std::string::npos);
  }
  EXPECT_NE(error_of({{{"results", ordered_json::array()}}}).find("no 'name'"), std::string::npos);
  EXPECT_NE(error_of("text"), "no error");
  EXPECT_NE(error_of({"text"}), "no error");
}

TEST(EvalResult, ASourceNeedsItsAddress) {
  EvalResult named = result("wer", 1);
  named.source_name = "Board";
  EXPECT_THROW(to_model_index("m", {named}), ModelCardError);
}

}  // namespace
}  // namespace torchhub
