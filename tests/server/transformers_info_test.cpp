#include "server/hub_client.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

/// What a model's information says of the classes that load it.
class TransformersInfoTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  void commit(const std::vector<CommitLine>& lines) const {
    std::string text;
    for (const CommitLine& line : lines) text += to_ndjson(line);
    const Response response = client_.commit("demo/m", text);
    ASSERT_EQ(response.status, 200) << response.body;
  }
  static CommitFileLine card(const std::string& metadata) {
    return {"README.md", "---\n" + metadata + "---\n"};
  }
  static CommitFileLine config(const json& architectures) {
    return {"config.json", json{{"model_type", "x"}, {"architectures", architectures}}.dump()};
  }
  /// Null where nothing is said.
  json info(const std::string& query = "") const {
    return client_.get_json("/api/models/demo/m" + query).value("transformersInfo", json());
  }

  LocalHub hub_;
  HubClient client_{hub_};
};

TEST_F(TransformersInfoTest, SaysWhatTheOriginalSaysOfGpt2) {
  commit({card("library_name: transformers\n"), config({"GPT2LMHeadModel"}),
          CommitFileLine{"tokenizer.json", "{}"}});
  const json wanted{{"auto_model", "AutoModelForCausalLM"},
                    {"pipeline_tag", "text-generation"},
                    {"processor", "AutoTokenizer"}};
  EXPECT_EQ(info(), wanted);
  EXPECT_EQ(info("?expand=transformersInfo"), wanted);
  EXPECT_FALSE(client_.get_json("/api/models/demo/m?expand=sha").contains("transformersInfo"));
}

TEST_F(TransformersInfoTest, GoesByTheEndOfTheArchitecture) {
  commit({card("library_name: transformers\n")});
  const std::vector<std::vector<std::string>> table = {
      {"LlamaForCausalLM", "AutoModelForCausalLM", "text-generation"},
      {"BertLMHeadModel", "AutoModelForCausalLM", "text-generation"},
      {"BertForMaskedLM", "AutoModelForMaskedLM", "fill-mask"},
      {"BertForSequenceClassification", "AutoModelForSequenceClassification",
       "text-classification"},
      {"BertForTokenClassification", "AutoModelForTokenClassification", "token-classification"},
      {"BertForQuestionAnswering", "AutoModelForQuestionAnswering", "question-answering"},
      {"T5ForConditionalGeneration", "AutoModelForSeq2SeqLM", "text2text-generation"},
      {"BertForMultipleChoice", "AutoModelForMultipleChoice", "multiple-choice"},
      {"ViTForImageClassification", "AutoModelForImageClassification", "image-classification"},
      {"DetrForObjectDetection", "AutoModelForObjectDetection", "object-detection"},
      {"BertModel", "AutoModel", "feature-extraction"}};
  for (const auto& row : table) {
    SCOPED_TRACE(row[0]);
    commit({config({row[0], "BertModel"})});  // the first one counts
    EXPECT_EQ(info(), (json{{"auto_model", row[1]}, {"pipeline_tag", row[2]}}));
  }
}

TEST_F(TransformersInfoTest, LetsTheCardNameTheTask) {
  commit({card("library_name: transformers\npipeline_tag: summarization\n"),
          config({"T5ForConditionalGeneration"})});
  EXPECT_EQ(info(),
            (json{{"auto_model", "AutoModelForSeq2SeqLM"}, {"pipeline_tag", "summarization"}}));
}

TEST_F(TransformersInfoTest, NamesTheProcessorByTheFilesThatAreThere) {
  commit({card("library_name: transformers\n"), config({"BertModel"}),
          CommitFileLine{"preprocessor_config.json", "{}"}});
  EXPECT_EQ(info().at("processor"), "AutoImageProcessor");
  commit({CommitFileLine{"tokenizer_config.json", "{}"}});
  EXPECT_EQ(info().at("processor"), "AutoTokenizer");
  commit({CommitDeletedFileLine{"tokenizer_config.json"},
          CommitDeletedFileLine{"preprocessor_config.json"}});
  EXPECT_FALSE(info().contains("processor"));
}

TEST_F(TransformersInfoTest, SaysNothingWhereNothingIsKnown) {
  commit({card("library_name: diffusers\n"), config({"BertModel"})});
  EXPECT_EQ(info(), nullptr) << "another library's";
  commit({card("license: mit\n")});
  EXPECT_EQ(info(), nullptr) << "nobody's";
  commit({card("library_name: transformers\n"), config({"BertForPreTraining"})});
  EXPECT_EQ(info(), nullptr) << "no class loads it by itself";
  for (const json& odd : {json::array(), json("BertModel"), json({1}), json(), json({""})}) {
    commit({config(odd)});
    EXPECT_EQ(info(), nullptr) << odd;
  }
  commit({CommitFileLine{"config.json", "no JSON"}});
  EXPECT_EQ(info(), nullptr);
  commit({CommitDeletedFileLine{"config.json"}});
  EXPECT_EQ(info(), nullptr);
}

}  // namespace
}  // namespace torchhub::testing
