// usage: peers_card OUTPUT_FOLDER < CASES
// CASES: one JSON map a line. Writes each as the front matter of a card, <line number>.md, and a
// card of a training, training.md.
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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
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
  write_file_atomically(folder / "training.md", render(odd_training(), log));
  return 0;
}
