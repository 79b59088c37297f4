#include "torchhub/card/long_card.h"

#include "card/part_of_text.h"
#include "torchhub/card/merge.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <numeric>
#include <sstream>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;
using testing::has;

ordered_json log() {
  return {{{"loss", 0.5}, {"step", 10}},
          {{"eval_loss", 0.25}, {"eval_accuracy", 0.75}, {"step", 10}},
          {{"train_runtime", 7200.0}, {"train_loss", 0.5}, {"train_samples_per_second", 12.5}}};
}

TEST(LongCard, SaysWhatTheTrainingKnows) {
  TrainingCard card{.model_name = "net", .license = "mit", .base_model = "ana/base"};
  card.datasets = {{.name = "Fashion", .id = "ana/fashion"}};
  card.tasks = {"image-classification"};
  card.framework_versions = {{"torchhub", "0.1.0"}, {"LibTorch", "2.14"}};
  card.emissions = {.grams = 12.5, .geographical_location = "Oslo"};
  card.how_to_use = {.repo_id = "ana/net"};
  const std::string text = render_long(card, log(),
                                       {.training_regime = "bf16 mixed precision",
                                        .hardware = "1 x H100",
                                        .model_size = "11M parameters"});
  for (const char* part :
       {"# Model Card for net\n", "**License:** mit\n",
        "**Finetuned from model [optional]:** ana/base\n", "### Training Data\n\nFashion\n",
        "**Training regime:** bf16 mixed precision\n",
        "- Model: 11M parameters\n- Training time: 7200.0 s\n- Samples per second: 12.5\n",
        "#### Metrics\n\nLoss, Accuracy\n", "### Results\n\n- Loss: 0.25\n- Accuracy: 0.75\n",
        "**Hardware Type:** 1 x H100\n", "**Hours used:** 2.00\n", "**Carbon Emitted:** 12.5 g\n",
        "**Compute Region:** Oslo\n", "#### Software\n\ntorchhub 0.1.0, LibTorch 2.14\n",
        "from_pretrained(\"ana/net\")", "**Developed by:** [More Information Needed]\n"}) {
    EXPECT_TRUE(has(text, part)) << part;
  }
  const ModelCard read(text);
  EXPECT_EQ(read.metadata()["license"], "mit");
  EXPECT_EQ(read.eval_results().results.at(0).metric_value, 0.75);
}

/// The body of a card cut before each of its headings.
std::vector<std::string> pieces_of(const std::string& card) {
  std::vector<std::string> pieces(1);
  std::istringstream lines{std::string(ModelCard(card).body())};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) pieces.emplace_back();
    pieces.back() += line + "\n";
  }
  return pieces;
}

std::string joined(const std::vector<std::string>& pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::string());
}

TEST(LongCard, KeepsTheUsersWordsInEachSectionWhenItIsRefreshed) {
  const std::string base = render_long({.model_name = "net"}, log());
  ordered_json later = log();
  later[1]["eval_accuracy"] = 0.875;
  later[2]["train_runtime"] = 3600.0;
  const std::string fresh = render_long({.model_name = "net"}, later);
  const std::vector<std::string> before = pieces_of(base);
  ASSERT_EQ(before.size(), 37U);  // 36 headings, and what stands before them
  ASSERT_NE(joined(before), joined(pieces_of(fresh)));
  for (std::size_t i = 1; i < before.size(); ++i) {
    const std::string heading = before[i].substr(0, before[i].find('\n'));
    const std::string written = heading + "\n\nWhat *I* know of it: [1](x).\n\n";
    std::vector<std::string> old = before;
    std::vector<std::string> expected = pieces_of(fresh);
    old[i] = expected[i] = written;
    ModelCard card(base);
    card.set_body(joined(old));
    const std::string merged = merge_cards({.fresh = fresh, .old = card.text(), .base = base});
    EXPECT_EQ(ModelCard(merged).body(), joined(expected)) << heading;
    EXPECT_TRUE(has(merge_cards({.fresh = fresh, .old = card.text()}), written)) << heading;
  }
}

TEST(LongCard, LetsTheUsersWordsWin) {
  const std::string text = render_long({.model_name = "net"}, log(), {},
                                       {{"model_id", "My Net"}, {"hours_used", "none of yours"}});
  EXPECT_TRUE(has(text, "# Model Card for My Net\n"));
  EXPECT_TRUE(has(text, "**Hours used:** none of yours\n"));
}

}  // namespace
}  // namespace torchhub
