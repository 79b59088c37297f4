// usage: peers_card OUTPUT_FOLDER [REPO REVISION TASK] < CASES
// CASES: one JSON map a line. Writes each as the front matter of a card, <line number>.md. Then a
// card of each kind that we make, <kind>.md, and beside it its metadata as we read them,
// <kind>.json. With REPO, in usage.md and usage_in_transformers.md the code that loads it.
#include "torchhub/base/atomic_file.h"
#include "torchhub/card.h"

#include <fmt/format.h>

#include <iostream>

using namespace torchhub;

namespace {

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

void write_kind(const std::filesystem::path& folder, const std::string& kind,
                const std::string& text) {
  write_file_atomically(folder / (kind + ".md"), text);
  write_file_atomically(folder / (kind + ".json"), ModelCard(text).metadata().dump());
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

void write_kinds(const std::filesystem::path& folder, const nlohmann::ordered_json& log) {
  const std::string plain = render(odd_training(), log);
  const std::string full = render(full_training(), log);
  write_kind(folder, "training", plain);
  write_kind(folder, "full", full);
  write_kind(folder, "long", render_long(full_training(), log, {.hardware = "1 H100"}));
  write_kind(folder, "history",
             render_history(odd_training(), {{{"loss", 0.5}, {"val_loss", 0.25}, {"epoch", 0}}}));
  const std::string theirs = with_words(plain, "Their words.");
  write_kind(folder, "merged", merge_cards({.fresh = full, .old = theirs, .base = plain}));
  write_kind(folder, "united",
             unite_edits({.ours = updated(plain), .theirs = theirs, .base = plain}));
  write_kind(folder, "updated", updated(full));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 5) return 2;
  const std::filesystem::path folder = argv[1];
  int number = 0;
  for (std::string line; std::getline(std::cin, line); ++number) {
    const std::string yaml = write_front_matter(nlohmann::ordered_json::parse(line));
    write_file_atomically(folder / fmt::format("{}.md", number),
                          fmt::format("---\n{}---\nbody {}\n", yaml, number));
  }
  const nlohmann::ordered_json log = {
      {{"loss", 0.5}, {"epoch", 0.5}, {"step", 10}},
      {{"eval_loss", 1e-5}, {"eval_accuracy", 0.890625}, {"epoch", 1.0}, {"step", 20}}};
  write_kinds(folder, log);
  if (argc == 5) {
    TrainingCard card = odd_training();
    card.how_to_use = {.repo_id = argv[2], .revision = argv[3], .task = argv[4]};
    write_file_atomically(folder / "usage.md", render(card, log));
    card.how_to_use->in_transformers = true;
    write_file_atomically(folder / "usage_in_transformers.md", render(card, log));
  }
  return 0;
}
