#include "peers/card_kinds.h"

#include "models/object_card.h"
#include "torchhub/card.h"
#include "torchhub/push/new_card.h"

namespace torchhub::testing {
namespace {

/// All that Python's card does not have.
TrainingCard full_training() {
  TrainingCard card = odd_training();
  card.license = "other";
  card.license_name = "mine";
  card.license_link = "LICENSE";
  card.base_model_relation = "finetune";
  card.base_model_revision = "0123abc";
  card.pipeline_tag = "image-classification";
  card.emissions = {.grams = 12.5, .source = "a meter", .hardware_used = "1 H100"};
  card.widget = {{.inputs = {{"src", "https://example.org/a.png"}}, .title = "A shirt: no"}};
  card.more_metadata = "inference: false\n";
  card.datasets.front().revision = "4567def";
  card.sections = {.model_description = "A net.", .data = "Photos."};
  card.how_to_use = {.repo_id = "demo/net", .revision = "v1", .task = "image-classification"};
  card.plot = "training.svg";
  return card;
}

TrainingCard training_in_progress() {
  TrainingCard card = full_training();
  card.progress = {.step = 20, .of = 300};
  return card;
}

/// What push_folder() knows of a model.
NewCard new_card() {
  return {.model_name = "Käse: 'no' #1",
          .tags = {"yes", "1.10", "vision"},
          .repo_id = "demo/net",
          .revision = "v1"};
}

/// As a model's push_to_hub() makes it, and with a tag more.
std::string card_of_a_model() {
  const PushedObject model{
      .class_name = "NetForImageClassification", .base_model = "demo/resnet", .parameters = 1234};
  return card_with_tags(object_card(new_card(), model), {"vision", "on"});
}

std::string updated(const std::string& text) {
  ModelCard card(text);
  update_metadata(card, {{"license", "apache-2.0"}, {"tags", {"on"}}}, OnConflict::overwrite);
  update_eval_results(card,
                      {{.task_type = "image-classification",
                        .dataset_type = "zalando/fashion_mnist",
                        .dataset_name = "Fashion-MNIST: 日本",
                        .metric_type = "f1",
                        .metric_value = 0.5}},
                      OnConflict::overwrite, "net");
  return card.text();
}

std::string with_words(std::string text, const std::string& words) {
  const std::string placeholder = "More information needed";
  return text.replace(text.find(placeholder), placeholder.size(), words);
}

}  // namespace

TrainingCard odd_training() {
  TrainingCard card{.model_name = "Käse: 'no' #1", .language = {"no", "de"}, .license = "mit"};
  card.base_model = "demo/resnet";
  card.tags = {"yes", "1.10", "vision"};
  card.tasks = {"image-classification"};
  card.datasets = {{.name = "Fashion-MNIST: 日本", .id = "zalando/fashion_mnist", .split = "test"}};
  card.hyperparameters = hyperparameter_lines({});
  card.framework_versions = {{"torchhub", "0.1.0"}, {"LibTorch", "2.14.1"}};
  return card;
}

std::map<std::string, std::string> cards_of_each_kind(const nlohmann::ordered_json& log) {
  const std::string plain = render(odd_training(), log);
  const std::string full = render(full_training(), log);
  const std::string theirs = with_words(plain, "Their words.");
  return {
      {"training", plain},
      {"full", full},
      {"progress", render(training_in_progress(), log)},
      {"long", render_long(full_training(), log, {.hardware = "1 H100"})},
      {"history",
       render_history(odd_training(), {{{"loss", 0.5}, {"val_loss", 0.25}, {"epoch", 0}}})},
      {"folder", short_card(new_card())},
      {"model", card_of_a_model()},
      {"merged", merge_cards({.fresh = full, .old = theirs, .base = plain})},
      {"united", unite_edits({.ours = updated(plain), .theirs = theirs, .base = plain})},
      {"updated", updated(full)},
  };
}

}  // namespace torchhub::testing
