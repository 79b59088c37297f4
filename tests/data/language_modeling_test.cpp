#include "torchhub/data/language_modeling.h"

#include "golden_batch.h"
#include "support/message_of.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <set>
#include <thread>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::message_of;

LanguageModelingOptions options_from(const json& golden) {
  LanguageModelingOptions options{.mask_token_id = 4, .vocab_size = 20};
  options.mlm = golden.value("mlm", options.mlm);
  options.whole_word_mask = golden.value("whole_word_mask", options.whole_word_mask);
  options.mlm_probability = golden.value("mlm_probability", options.mlm_probability);
  options.mask_replace_prob = golden.value("mask_replace_prob", options.mask_replace_prob);
  options.random_replace_prob = golden.value("random_replace_prob", options.random_replace_prob);
  return options;
}

TEST(MaskTokens, DrawsWhatPythonDraws) {
  int cases = 0;
  for (const json& golden : testing::golden_collators("masking")) {
    SCOPED_TRACE(golden.at("options").dump() + " case " + std::to_string(cases++));
    LanguageModelingOptions options = options_from(golden.at("options"));
    options.mask_token_id = golden.at("mask_token_id").get<std::int64_t>();
    options.vocab_size = golden.at("vocab_size");
    options.special_token_ids = golden.at("special_token_ids").get<std::vector<std::int64_t>>();
    at::Generator generator = at::detail::createCPUGenerator(golden.at("seed"));
    for (std::size_t i = 0; i < golden.at("batches").size(); ++i) {
      const Batch masked =
          mask_tokens(testing::batch_from(golden.at("batches")[i]), options, generator);
      EXPECT_EQ(testing::difference(masked, testing::batch_from(golden.at("masked")[i])), "");
    }
  }
  EXPECT_EQ(cases, 20);
}

TEST(MaskTokens, LeavesItsInputAlone) {
  const Batch batch = {{"input_ids", torch::full({2, 8}, 7, torch::kInt64)}};
  at::Generator generator = at::detail::createCPUGenerator(1);
  mask_tokens(batch, {.mlm_probability = 1.0, .mask_token_id = 4, .vocab_size = 9}, generator);
  EXPECT_TRUE(torch::equal(batch.at("input_ids"), torch::full({2, 8}, 7, torch::kInt64)));
}

TEST(MaskTokens, RefusesWhatItCannotMask) {
  at::Generator generator = at::detail::createCPUGenerator(1);
  const at::Tensor ids = torch::full({2, 3}, 7, torch::kInt64);
  const LanguageModelingOptions good = {.mask_token_id = 4, .vocab_size = 9};
  LanguageModelingOptions words = good;
  words.whole_word_mask = true;
  LanguageModelingOptions causal = good;
  causal.mlm = false;
  const auto message = [&](const Batch& batch, const LanguageModelingOptions& options) {
    return message_of<InvalidArgumentError>([&] { mask_tokens(batch, options, generator); });
  };
  EXPECT_EQ(message({}, good),
            "Tokens can be masked only in a batch with 'input_ids' [batch, length].");
  EXPECT_EQ(message({{"input_ids", ids[0]}}, good), message({}, good));
  EXPECT_EQ(
      message({{"input_ids", ids}, {"special_tokens_mask", ids[0]}}, good),
      "'special_tokens_mask' has the shape [3], which does not go with the input_ids. Give one "
      "entry for each token.");
  EXPECT_EQ(message({{"input_ids", ids}}, words),
            "Whole words can be masked only in a batch with 'offset_mapping'.");
  EXPECT_EQ(message({{"input_ids", ids}, {"offset_mapping", ids}}, words),
            "'offset_mapping' has the shape [2, 3], which does not go with the input_ids. Give one "
            "entry for each token.");
  EXPECT_NE(message({{"input_ids", ids}}, causal).find("mlm is false"), std::string::npos);
}

std::vector<Batch> samples_of(std::vector<std::int64_t> lengths) {
  std::vector<Batch> samples;
  for (const std::int64_t length : lengths) {
    samples.push_back({{"input_ids", torch::full({length}, 7, torch::kInt64)}});
  }
  return samples;
}

TEST(DataCollatorForLanguageModeling, MakesTheBatchesThatPythonMakes) {
  int cases = 0;
  log::set_sink([](log::Level, std::string_view) {});
  for (const json& golden : testing::golden_collators("cases")) {
    if (golden.at("collator") != "language_modeling") continue;
    SCOPED_TRACE(golden.at("name").get<std::string>());
    const json& padding = golden.at("padding");
    const json& multiple = padding.at("pad_to_multiple_of");
    LanguageModelingOptions options = options_from(golden.at("options"));
    options.special_token_ids = {1, 2, 3};
    const DataCollatorForLanguageModeling collator(
        {.pad_token_id = padding.at("pad_token_id").get<std::int64_t>(),
         .padding_side =
             padding.at("padding_side") == "left" ? PaddingSide::left : PaddingSide::right,
         .pad_to_multiple_of =
             multiple.is_null() ? std::nullopt : std::optional(multiple.get<std::int64_t>())},
        options);
    const Batch batch = collator(testing::batches_from(golden.at("samples")),
                                 golden.at("options").value("seed", std::uint64_t{0}));
    EXPECT_EQ(testing::difference(batch, testing::batch_from(golden.at("batch"))), "");
    ++cases;
  }
  log::set_sink({});
  EXPECT_EQ(cases, 10);
}

TEST(DataCollatorForLanguageModeling, ListsAllProblemsAtOnce) {
  try {
    DataCollatorForLanguageModeling({.pad_to_multiple_of = 0},
                                    {.mlm_probability = std::numeric_limits<double>::quiet_NaN(),
                                     .mask_replace_prob = 0.75,
                                     .random_replace_prob = 1.5});
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_EQ(
        error.problems(),
        (std::vector<std::string>{
            "mask_token_id is not set: give the tokenizer's, or set mlm = false for a causal model",
            "mlm_probability is nan: it must be between 0 and 1",
            "random_replace_prob is 1.5: it must be between 0 and 1",
            "mask_replace_prob + random_replace_prob is 2.25: it must be at most 1",
            "vocab_size is 0: it must be above 0 where random_replace_prob is",
            "pad_to_multiple_of is 0: it must be above 0"}));
  }
  EXPECT_EQ(problems(LanguageModelingOptions{.mlm = false, .whole_word_mask = true}),
            std::vector<std::string>{"whole_word_mask needs mlm = true"});
  EXPECT_EQ(problems(LanguageModelingOptions{.mask_replace_prob = -0.5, .mask_token_id = 4}),
            (std::vector<std::string>{"mask_replace_prob is -0.5: it must be between 0 and 1",
                                      "vocab_size is 0: it must be above 0 where "
                                      "random_replace_prob is"}));
}

TEST(DataCollatorForLanguageModeling, TakesZeroForASeed) {
  const auto labels = [](std::optional<std::uint64_t> seed) {
    const DataCollatorForLanguageModeling collator(
        {.pad_token_id = 0},
        {.mlm_probability = 0.5, .mask_token_id = 4, .vocab_size = 20, .seed = seed});
    return collator(samples_of({64, 64}), 3).at("labels");
  };
  EXPECT_TRUE(torch::equal(labels(0), labels(0)));
  EXPECT_FALSE(torch::equal(labels(0), labels(std::nullopt)));
  EXPECT_FALSE(torch::equal(labels(0), labels(1)));
}

TEST(DataCollatorForLanguageModeling, MasksByTheSeedOfTheBatchAlone) {
  const DataCollatorForLanguageModeling collator(
      {.pad_token_id = 0}, {.mlm_probability = 0.5, .mask_token_id = 4, .vocab_size = 20});
  const std::vector<Batch> samples = samples_of({40, 33});
  std::vector<Batch> alone;
  for (std::uint64_t seed = 0; seed < 8; ++seed) alone.push_back(collator(samples, seed));
  EXPECT_FALSE(torch::equal(alone[0].at("labels"), alone[1].at("labels")));

  torch::manual_seed(99);  // the global generator plays no part
  const at::Tensor before = torch::rand({2});
  torch::manual_seed(99);
  std::vector<Batch> together(alone.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t seed = 0; seed < together.size(); ++seed) {
      threads.emplace_back([&, seed] { together[seed] = collator(samples, seed); });
    }
  }
  EXPECT_TRUE(torch::equal(torch::rand({2}), before));
  for (std::size_t seed = 0; seed < alone.size(); ++seed) {
    EXPECT_EQ(testing::difference(together[seed], alone[seed]), "");
  }
}

TEST(DataCollatorForLanguageModeling, NeverMasksPaddingOrTheMaskToken) {
  std::vector<Batch> samples = samples_of({2, 6});
  samples[0].at("input_ids")[1] = 4;
  const DataCollatorForLanguageModeling collator(
      {.pad_token_id = 7, .padding_side = PaddingSide::left},
      {.mlm_probability = 1.0, .mask_token_id = 4, .vocab_size = 20});
  EXPECT_TRUE(
      (collator(samples, 1).at("labels") == -100).all().item<bool>());  // 7 is the pad token
}

TEST(DataCollatorForLanguageModeling, KeepsAllLabelsWithoutAPadToken) {
  const DataCollatorForLanguageModeling collator({}, {.mlm = false});
  const Batch batch = collator(samples_of({3, 3}), 0);
  EXPECT_TRUE(torch::equal(batch.at("labels"), batch.at("input_ids")));
  EXPECT_THROW(collator(samples_of({3, 2}), 0), DatasetError);
  EXPECT_THROW(collator({}, 0), DatasetError);
}

TEST(DataCollatorForLanguageModeling, PadsOffsetsOfWholeWords) {
  log::set_sink([](log::Level, std::string_view) {});
  const at::Tensor offsets = torch::tensor({{0, 2}, {2, 4}, {5, 6}, {6, 8}});
  std::vector<Batch> samples = samples_of({4, 2});
  samples[0].emplace("offset_mapping", offsets);
  samples[1].emplace("offset_mapping", offsets.slice(0, 0, 2));
  for (const PaddingSide side : {PaddingSide::left, PaddingSide::right}) {
    const DataCollatorForLanguageModeling collator(
        {.pad_token_id = 0, .padding_side = side},
        {.whole_word_mask = true, .mlm_probability = 0.5, .mask_token_id = 4});
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const Batch batch = collator(samples, seed);
      const at::Tensor masked = batch.at("labels") != -100;
      EXPECT_TRUE(torch::equal(masked, batch.at("input_ids") == 4));
      std::string pattern;
      for (const at::Tensor& token : masked.flatten().unbind()) {
        pattern += token.item<bool>() ? 'm' : '.';
      }
      seen.insert(pattern);
    }
    // Two words in the first sample, one in the second: all masked or none of each.
    const std::string none = "....";
    const std::string one = side == PaddingSide::left ? "..mm" : "mm..";
    std::set<std::string> expected;
    for (const std::string first : {"....", "mm..", "..mm", "mmmm"}) {
      expected.insert(first + none);
      expected.insert(first + one);
    }
    EXPECT_EQ(seen, expected);
  }
  log::set_sink({});
}

TEST(DataCollatorForLanguageModeling, WarnsThatWholeWordsBecomeTheMaskTokenOnly) {
  std::vector<std::string> lines;
  log::set_sink([&](log::Level, std::string_view line) { lines.emplace_back(line); });
  const DataCollatorForLanguageModeling collator({.pad_token_id = 0},
                                                 {.whole_word_mask = true, .mask_token_id = 4});
  log::set_sink({});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("whole_words_become_the_mask_token_only"), std::string::npos);
  EXPECT_EQ(message_of<DatasetError>([&] { collator(samples_of({2}), 0); }),
            "Sample 0 of a batch has no 'offset_mapping', which the collator needs; it has: "
            "input_ids. Add it in the dataset or use another collator.");
}

}  // namespace
}  // namespace torchhub
