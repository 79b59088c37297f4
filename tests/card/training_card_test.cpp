#include "torchhub/card/training_card.h"

#include "card/golden_cards.h"
#include "card/part_of_text.h"
#include "torchhub/base/error.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;
using testing::has;

CardNumber number(const ordered_json& value) {
  if (value.is_number_float()) return value.get<double>();
  return value.get<std::int64_t>();
}

CardHyperparameters hyperparameters_of(const ordered_json& args) {
  CardHyperparameters out;
  out.learning_rate = args["learning_rate"];
  out.train_batch_size = args["train_batch_size"];
  out.eval_batch_size = args["eval_batch_size"];
  out.seed = args["seed"];
  out.num_devices = args["world_size"];
  out.gradient_accumulation_steps = args["gradient_accumulation_steps"];
  out.optimizer = args["optim"];
  if (args["optim_args"].is_string()) out.optimizer_args = args["optim_args"];
  out.adam_beta1 = args["adam_beta1"];
  out.adam_beta2 = args["adam_beta2"];
  out.adam_epsilon = args["adam_epsilon"];
  out.lr_scheduler_type = args["lr_scheduler_type"];
  out.lr_scheduler_warmup_steps = number(args["warmup_steps"]);
  if (args["max_steps"] != -1) out.training_steps = args["max_steps"].get<std::int64_t>();
  out.num_epochs = number(args["num_train_epochs"]);
  out.fp16 = args["fp16"];
  out.label_smoothing_factor = args["label_smoothing_factor"];
  return out;
}

TEST(TrainingCard, IsByteForByteWhatTransformersWrites) {
  const std::vector<ordered_json> examples = testing::golden_cards();
  for (const ordered_json& example : examples) {
    TrainingCard card = testing::card_of(example);
    card.hyperparameters = hyperparameter_lines(hyperparameters_of(example["args"]));
    EXPECT_EQ(render(card, example["log_history"]), example["text"].get<std::string>())
        << example["name"];
  }
  EXPECT_EQ(examples.size(), 13U);
}

ordered_json evaluation(int step, double accuracy) {
  return {{"eval_loss", 1.0 / step},
          {"eval_accuracy", accuracy},
          {"eval_runtime", 1.5},
          {"epoch", step / 100.0},
          {"step", step}};
}

ordered_json training(int step) { return {{"loss", 0.5}, {"epoch", step / 100.0}, {"step", step}}; }

TEST(TrainingCard, ShowsTheResultsOfTheWeightsThatItGoesWith) {
  const ordered_json log = {training(100), evaluation(100, 0.75), training(200),
                            evaluation(200, 0.5)};
  TrainingCard card{.model_name = "x", .tasks = {"text-classification"}};
  card.datasets = {{.name = "Reviews", .id = "ana/reviews"}};
  EXPECT_TRUE(has(render(card, log), "on the evaluation set:\n- Loss: 0.005\n- Accuracy: 0.5\n"));

  card.weights_step = 100;  // the best model was loaded
  const std::string text = render(card, log);
  EXPECT_TRUE(has(text, "on the evaluation set at step 100:\n- Loss: 0.01\n- Accuracy: 0.75\n"));
  EXPECT_EQ(parse_front_matter(
                split_card(text).yaml)["model-index"][0]["results"][0]["metrics"][0]["value"],
            0.75);

  card.weights_step = 150;  // pushed between two evaluations
  EXPECT_TRUE(has(render(card, log), "on the evaluation set at step 100:\n"));
  card.weights_step = 50;
  EXPECT_FALSE(has(render(card, log), "on the evaluation set"));
}

TEST(TrainingCard, ShowsTheFirstEntryToo) {  // Python leaves an evaluation out that comes first
  const std::string text = render({.model_name = "x"}, {evaluation(10, 0.5), training(20)});
  EXPECT_TRUE(has(text, "on the evaluation set:\n- Loss: 0.1\n- Accuracy: 0.5\n"));
}

TEST(TrainingCard, TakesTheUnionOfColumnsThoughMetricsComeAndGo) {
  ordered_json sorted = evaluation(200, 0.25);  // as rows look after a resume from Python's state
  sorted = {{"epoch", 2.0},     {"eval_accuracy", 0.25}, {"eval_f1", 0.125},
            {"eval_loss", 0.5}, {"eval_runtime", 1.0},   {"step", 200}};
  const ordered_json log = {evaluation(100, 0.5), training(150), sorted, evaluation(300, 0.75)};
  EXPECT_TRUE(has(render({.model_name = "x"}, log),
                  "| Training Loss | Epoch | Step | Validation Loss | Accuracy | F1    |\n"
                  "|:-------------:|:-----:|:----:|:---------------:|:--------:|:-----:|\n"
                  "| No log        | 1.0   | 100  | 0.01            | 0.5      |       |\n"
                  "| 0.5           | 2.0   | 200  | 0.5             | 0.25     | 0.125 |\n"
                  "| 0.5           | 3.0   | 300  | 0.0033          | 0.75     |       |\n\n"));
}

TEST(TrainingCard, AnEmptyBaseNameMeansFromScratch) {
  const TrainingCard card{.model_name = "x", .base_model = ""};
  const std::string text = render(card, ordered_json::array());
  EXPECT_TRUE(has(text, "\nThis model was trained from scratch on an unknown dataset.\n"));
  EXPECT_FALSE(has(text, "base_model"));
}

TEST(TrainingCard, FindsTheRealSummaryAmongEntriesWithARuntime) {
  const ordered_json log = {{{"train_runtime", 1.0}, {"num_input_tokens_seen", 5}, {"step", 1}},
                            training(100),
                            evaluation(100, 0.5)};
  const std::string text = render({.model_name = "x"}, log);
  EXPECT_TRUE(has(text, "| 0.5           | 1.0   | 100  |"));
  EXPECT_FALSE(has(text, "Tokens"));
}

TEST(TrainingCard, HasAListAndATableForEachEvaluationDataset) {
  const auto of = [](const std::string& name, double loss) {
    return ordered_json{{"eval_" + name + "_loss", loss},
                        {"eval_" + name + "_runtime", 1.0},
                        {"epoch", 1.0},
                        {"step", 10}};
  };
  const std::string text =
      render({.model_name = "x"}, {training(10), of("dev", 0.5), of("held_out", 0.75)});
  EXPECT_TRUE(has(text, "on the evaluation set dev:\n- Loss: 0.5\n"));
  EXPECT_TRUE(has(text, "on the evaluation set held_out:\n- Loss: 0.75\n"));
  EXPECT_TRUE(has(text, "Evaluation set held_out:\n\n| Training Loss | Epoch | Step |"));
}

TEST(TrainingCard, KeepsFourDigitsOfSmallValues) {  // Python shows 0.0000
  const ordered_json log = {training(1), {{"eval_loss", 1.23456e-07}, {"step", 1}}};
  EXPECT_TRUE(has(render({.model_name = "x"}, log), "- Loss: 1.235e-07\n"));
}

TEST(TrainingCard, LinksTheBaseModelAtTheHubItCameFrom) {
  const TrainingCard card{
      .model_name = "x", .base_model = "demo/resnet", .hub_url = "http://127.0.0.1:8686"};
  EXPECT_TRUE(has(render(card, ordered_json::array()),
                  "[demo/resnet](http://127.0.0.1:8686/demo/resnet) on"));
}

TEST(TrainingCard, SaysMoreThanPythonWhereItIsToldMore) {
  TrainingCard card{.model_name = "x", .license = "other", .base_model = "ana/base"};
  card.license_name = "mine";
  card.license_link = "LICENSE";
  card.base_model_relation = "adapter";
  card.base_model_revision = "0123abc";
  card.pipeline_tag = "fill-mask";
  card.emissions = {.grams = 12.5, .source = "a meter", .hardware_used = "1 H100"};
  card.widget = {{.inputs = {{"text", "Hello [MASK]"}}, .title = "Greeting"},
                 {.inputs = {{"src", "https://example.org/a.wav"}}}};
  card.more_metadata = "inference: false\nlicense: mit\nthumbnail: a.png\n";
  const std::string text = render(card, ordered_json::array());
  EXPECT_EQ(split_card(text).yaml,
            "library_name: torchhub\nlicense: other\nlicense_name: mine\nlicense_link: LICENSE\n"
            "base_model: ana/base\nbase_model_relation: adapter\ntags:\n- generated_from_trainer\n"
            "model-index:\n- name: x\n  results: []\npipeline_tag: fill-mask\nco2_eq_emissions:\n"
            "  emissions: 12.5\n  source: a meter\n  hardware_used: 1 H100\nwidget:\n"
            "- text: Hello [MASK]\n  example_title: Greeting\n- src: https://example.org/a.wav\n"
            "inference: false\nthumbnail: a.png");
  EXPECT_TRUE(has(text, "[ana/base](https://huggingface.co/ana/base/tree/0123abc) on"));
  card.more_metadata = "- a list";
  EXPECT_THROW(render(card, ordered_json::array()), ModelCardError);
}

TEST(TrainingCard, NamesTheRevisionOfADatasetAndTheMetricsThatOnlyTheCallerKnows) {
  TrainingCard card{.model_name = "x", .tasks = {"text-classification"}};
  card.datasets = {{.name = "Reviews", .id = "ana/reviews", .revision = "abc"}};
  card.metric_ids = {{"Rouge Lsum", "rouge"}, {"Accuracy", ""}};
  const ordered_json log = {training(100), evaluation(100, 0.75)};
  ordered_json with_rouge = log;
  with_rouge[1]["eval_rouge_lsum"] = 0.25;
  const ordered_json data = parse_front_matter(split_card(render(card, with_rouge)).yaml);
  EXPECT_EQ(data["metrics"], ordered_json({"rouge"}));
  const ordered_json& result = data["model-index"][0]["results"][0];
  EXPECT_EQ(result["dataset"]["revision"], "abc");
  EXPECT_EQ(result["metrics"],
            ordered_json::array({{{"name", "Rouge Lsum"}, {"type", "rouge"}, {"value", 0.25}}}));
}

TEST(TrainingCard, HoldsTheUsersSectionsThePictureAndHowToUseIt) {
  TrainingCard card{.model_name = "x"};
  card.sections = {.model_description = "A net.",
                   .intended_uses = "Shirts.\n",
                   .data = "Photos.",
                   .training_procedure = "At night."};
  card.how_to_use = {.repo_id = "ana/net", .revision = "0123abc", .task = "image-classification"};
  card.plot = "training.svg";
  const std::string text = render(card, {training(100), evaluation(100, 0.75)});
  EXPECT_TRUE(has(text,
                  "\n## Model description\n\nA net.\n\n## Intended uses & limitations\n\nShirts.\n"
                  "\n## How to use\n\nIn C++ with torchhub:\n\n```cpp\n"
                  "#include <torchhub/torchhub.h>\n\n"
                  "auto model = torchhub::AutoModelForImageClassification::from_pretrained("
                  "\"ana/net\", {.revision = \"0123abc\"});\n```\n\nIn Python:\n\n```python\n"
                  "from huggingface_hub import hf_hub_download\n"
                  "from safetensors.torch import load_file\n\n"
                  "weights = load_file(hf_hub_download(\"ana/net\", \"model.safetensors\", "
                  "revision=\"0123abc\"))\n```\n"
                  "\n## Training and evaluation data\n\nPhotos.\n"
                  "\n## Training procedure\n\nAt night.\n\n### Training hyperparameters\n"))
      << text;
  EXPECT_TRUE(has(text,
                  "\n### Loss and metrics\n\n![Loss and metrics of the training](training.svg)\n"
                  "\n### Training results\n\n| Training Loss |"))
      << text;
}

TEST(HistoryCard, HasARowForEachEpochAndTheLastOnesResults) {
  TrainingCard card{.model_name = "ana/net", .library_name = "transformers"};
  card.hyperparameters = {{"optimizer", "{'name': 'Adam'}"}, {"training_precision", "float32"}};
  card.framework_versions = {{"Transformers", "4.57.1"}, {"TensorFlow", "2.20.0"}};
  const ordered_json history = {{{"loss", 0.512345},
                                 {"accuracy", 0.75},
                                 {"val_loss", 0.625},
                                 {"val_f1_micro", 0.5},
                                 {"epoch", 0}},
                                {{"loss", 0.25},
                                 {"accuracy", 0.875},
                                 {"val_loss", 0.5},
                                 {"val_f1_micro", 0.75},
                                 {"epoch", 1}}};
  EXPECT_EQ(
      render_history(card, history),
      "---\nlibrary_name: transformers\ntags:\n- generated_from_keras_callback\nmodel-index:\n"
      "- name: ana/net\n  results: []\n---\n\n"
      "<!-- This model card has been generated automatically according to the information "
      "Keras had access to. You should\nprobably proofread and complete it, then remove this "
      "comment. -->\n\n# ana/net\n\n"
      "This model was trained from scratch on an unknown dataset.\n"
      "It achieves the following results on the evaluation set:\n- Train Loss: 0.25\n"
      "- Train Accuracy: 0.875\n- Validation Loss: 0.5\n- Validation F1 Micro: 0.75\n"
      "- Epoch: 1\n\n## Model description\n\nMore information needed\n\n"
      "## Intended uses & limitations\n\nMore information needed\n\n"
      "## Training and evaluation data\n\nMore information needed\n\n"
      "## Training procedure\n\n### Training hyperparameters\n\n"
      "The following hyperparameters were used during training:\n"
      "- optimizer: {'name': 'Adam'}\n- training_precision: float32\n\n"
      "### Training results\n\n"
      "| Train Loss | Train Accuracy | Validation Loss | Validation F1 Micro | Epoch |\n"
      "|:----------:|:--------------:|:---------------:|:-------------------:|:-----:|\n"
      "| 0.5123     | 0.75           | 0.625           | 0.5                 | 0     |\n"
      "| 0.25       | 0.875          | 0.5             | 0.75                | 1     |\n\n\n"
      "### Framework versions\n\n- Transformers 4.57.1\n- TensorFlow 2.20.0\n");
  EXPECT_NE(render_history(card, ordered_json::array()).find("### Training results\n\n\n"),
            std::string::npos);
}

TEST(HowToUse, LoadsWhatTransformersHasByItsClass) {
  const std::string text =
      how_to_use({.repo_id = "ana/net", .task = "text-classification", .in_transformers = true});
  EXPECT_TRUE(has(text, "from_pretrained(\"ana/net\");\n```\n"));
  EXPECT_TRUE(has(text,
                  "from transformers import AutoModelForSequenceClassification\n\n"
                  "model = AutoModelForSequenceClassification.from_pretrained(\"ana/net\")\n"));
  EXPECT_EQ(auto_class_of_task("cooking"), "AutoModel");
}

TEST(HowToUse, PutsNothingIntoAProgramThatIsNoName) {
  EXPECT_THROW(how_to_use({.repo_id = "a\"); evil(\""}), InvalidArgumentError);
  EXPECT_THROW(how_to_use({.repo_id = "a", .revision = "main\n```"}), InvalidArgumentError);
}

TEST(HyperparameterLines, ListWhatPythonLeavesOutOnlyWhenItDiffers) {
  CardHyperparameters values;
  const std::size_t usual = hyperparameter_lines(values).size();
  values.bf16 = true;
  values.weight_decay = 0.01;
  values.max_grad_norm = 0.5;
  values.lr_scheduler_kwargs = R"({"num_cycles": 2})";
  values.data_seed = 7;
  std::vector<CardLine> lines = hyperparameter_lines(values);
  lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(usual));
  EXPECT_EQ(lines, (std::vector<CardLine>{{"mixed_precision_training", "bf16"},
                                          {"weight_decay", "0.01"},
                                          {"max_grad_norm", "0.5"},
                                          {"lr_scheduler_kwargs", R"({"num_cycles": 2})"},
                                          {"data_seed", "7"}}));
}

TEST(TaskOfModelClass, GoesByTheEndOfTheName) {
  EXPECT_EQ(task_of_model_class("ResnetModelForImageClassification"), "image-classification");
  EXPECT_EQ(task_of_model_class("GPT2ForCausalLM"), "text-generation");
  EXPECT_EQ(task_of_model_class("BertModel"), std::nullopt);
}

}  // namespace
}  // namespace torchhub
