// usage: peers_card OUTPUT_FOLDER [REPO REVISION TASK] < CASES
// CASES: one JSON map a line. Writes each as the front matter of a card, <line number>.md. Then a
// card of each kind that we make, <kind>.md, and beside it its metadata as we read them,
// <kind>.json. With REPO, in usage.md and usage_in_transformers.md the code that loads it.
#include "peers/card_kinds.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/card.h"

#include <fmt/format.h>

#include <iostream>

using namespace torchhub;

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
  for (const auto& [kind, text] : testing::cards_of_each_kind(log)) {
    write_file_atomically(folder / (kind + ".md"), text);
    write_file_atomically(folder / (kind + ".json"), ModelCard(text).metadata().dump());
  }
  if (argc == 5) {
    TrainingCard card = testing::odd_training();
    card.how_to_use = {.repo_id = argv[2], .revision = argv[3], .task = argv[4]};
    write_file_atomically(folder / "usage.md", render(card, log));
    card.how_to_use->in_transformers = true;
    write_file_atomically(folder / "usage_in_transformers.md", render(card, log));
  }
  return 0;
}
