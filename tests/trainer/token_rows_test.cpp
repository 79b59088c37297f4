// What the rows of the history say of tokens that were seen, beside transformers' own rows.
#include "support/golden.h"
#include "support/temp_dir.h"
#include "support/token_classifier.h"
#include "torchhub/base/log.h"
#include "torchhub/torchhub.h"
#include "trainer/token_counter.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace torchhub {
namespace {

using nlohmann::ordered_json;
using testing::TempDir;

torch::Tensor tokens(const ordered_json& rows) {
  std::vector<std::int64_t> all;
  for (const auto& row : rows) {
    for (const auto& id : row) all.push_back(id.get<std::int64_t>());
  }
  return torch::tensor(all).view({static_cast<std::int64_t>(rows.size()), -1});
}

/// As the golden file has them: the keys, and what the row says of tokens.
ordered_json described(const std::vector<LogRow>& rows) {
  ordered_json all = ordered_json::array();
  for (const LogRow& row : rows) {
    ordered_json one{{"keys", ordered_json::array()}, {"seen", nullptr}};
    for (const auto& [key, value] : row) {
      one["keys"].push_back(key);
      if (key == "num_input_tokens_seen") one["seen"] = std::get<std::int64_t>(value);
    }
    all.push_back(std::move(one));
  }
  return all;
}

Trainer trainer_of(const ordered_json& golden, const ordered_json& c, const TempDir& folder) {
  testing::TinyConfig config;
  config.model_type = "tiny";
  if (c.at("padding")) config.extra.json()["pad_token_id"] = 0;
  const torch::Tensor ids = tokens(golden.at("ids"));
  Batch columns{{"input_ids", ids}, {"labels", ids.remainder(3)}};
  if (c.at("masked")) {
    columns["attention_mask"] = torch::tensor({{1, 1, 1, 0}}).expand({4, 4}).contiguous();
  }
  const auto data = std::make_shared<TensorDataset>(columns);
  const std::string which = c.at("which");
  return Trainer(
      {.model = std::make_shared<testing::TokenClassifier>(config),
       .args = {.output_dir = folder / "out",
                .per_device_train_batch_size = 2,
                .max_steps = 2,
                .logging_steps = 1,
                .include_num_input_tokens_seen = which == "no"    ? InputTokensSeen::no
                                                 : which == "all" ? InputTokensSeen::all
                                                                  : InputTokensSeen::non_padding,
                .disable_tqdm = true,
                .eval_strategy = IntervalStrategy::steps,
                .eval_steps = 2,
                .save_strategy = SaveStrategy::no,
                .train_sampling_strategy = SamplingStrategy::sequential},
       .train_dataset = data,
       .eval_dataset = data});
}

TEST(TokenCounter, WarnsOnceOfBatchesWithoutTheMainInput) {
  testing::TinyConfig config;
  config.model_type = "tiny";
  TokenCounter counter(testing::TokenClassifier(config), InputTokensSeen::all);
  std::string lines;
  log::set_sink([&](log::Level, std::string_view line) { lines += std::string(line) + "\n"; });
  const Batch without{{"inputs_embeds", torch::zeros({2, 3, 4})}};
  EXPECT_EQ(counter.in(without), 0);
  EXPECT_EQ(counter.in(without), 0);
  EXPECT_EQ(counter.in({{"input_ids", torch::zeros({2, 3})}}), 6);
  log::set_sink({});
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
  EXPECT_NE(lines.find("tokens_not_counted"), std::string::npos) << lines;
  EXPECT_NE(lines.find("input=input_ids"), std::string::npos) << lines;
}

TEST(TokenRows, AreThoseOfPython) {
  const auto golden = ordered_json::parse(testing::golden("trainer/token_rows.json"));
  ASSERT_EQ(golden.at("cases").size(), 12U);
  for (const auto& c : golden.at("cases")) {
    SCOPED_TRACE(c.at("which").dump() + (c.at("masked") ? " masked" : "") +
                 (c.at("padding") ? " padding" : ""));
    const TempDir folder;
    Trainer trainer = trainer_of(golden, c, folder);
    const TrainOutput out = trainer.train();
    EXPECT_EQ(described(trainer.state().log_history), c.at("rows"));
    EXPECT_EQ(out.metrics.get("num_input_tokens_seen").has_value(), c.at("which") != "no");
    EXPECT_EQ(trainer.evaluate().get("num_input_tokens_seen").has_value(), c.at("which") != "no");
  }
}

}  // namespace
}  // namespace torchhub
