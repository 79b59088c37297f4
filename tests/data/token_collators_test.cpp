#include "torchhub/data/token_collators.h"

#include "golden_batch.h"
#include "support/message_of.h"
#include "torchhub/base/error.h"
#include "torchhub/data/collator.h"
#include "torchhub/data/dataset.h"
#include "torchhub/data/flattening.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::message_of;

std::optional<std::int64_t> number(const json& options, const char* name) {
  return options.at(name).is_null() ? std::nullopt
                                    : std::optional(options.at(name).get<std::int64_t>());
}

PaddingOptions padding_from(const json& golden) {
  static const std::map<std::string, PaddingStrategy> kStrategies = {
      {"longest", PaddingStrategy::longest},
      {"max_length", PaddingStrategy::max_length},
      {"do_not_pad", PaddingStrategy::do_not_pad}};
  return {
      .pad_token_id = number(golden, "pad_token_id"),
      .pad_token_type_id = golden.at("pad_token_type_id"),
      .padding_side = golden.at("padding_side") == "left" ? PaddingSide::left : PaddingSide::right,
      .padding = kStrategies.at(golden.at("padding")),
      .max_length = number(golden, "max_length"),
      .pad_to_multiple_of = number(golden, "pad_to_multiple_of")};
}

/// What the golden script's model does.
at::Tensor shifted(const at::Tensor& labels) {
  const at::Tensor starts = torch::full({labels.size(0), 1}, 2, torch::kInt64);
  const at::Tensor moved = torch::cat({starts, labels.slice(1, 0, -1)}, 1);
  return moved.masked_fill(moved == -100, 0);
}

Collator collator_from(const json& golden) {
  const std::string kind = golden.at("collator");
  const json& options = golden.at("options");
  if (kind == "default") return default_data_collator;
  if (kind == "flattening") {
    return DataCollatorWithFlattening(
        {.return_position_ids = options.value("return_position_ids", true),
         .separator_id = options.value("separator_id", std::int64_t{-100}),
         .return_flash_attn_kwargs = options.value("return_flash_attn_kwargs", false),
         .return_seq_idx = options.value("return_seq_idx", false)});
  }
  const PaddingOptions padding = padding_from(golden.at("padding"));
  const std::int64_t label_pad = options.value("label_pad_token_id", std::int64_t{-100});
  if (kind == "with_padding") return DataCollatorWithPadding(padding);
  if (kind == "token_classification") return DataCollatorForTokenClassification(padding, label_pad);
  if (kind == "multiple_choice") return DataCollatorForMultipleChoice(padding);
  if (kind == "seq2seq") return DataCollatorForSeq2Seq(padding, {}, label_pad);
  if (kind == "seq2seq_shifting") return DataCollatorForSeq2Seq(padding, shifted, label_pad);
  return {};
}

TEST(TokenCollators, MakeTheBatchesThatPythonMakes) {
  std::map<std::string, int> seen;
  for (const json& golden : testing::golden_collators("cases")) {
    const Collator collator = collator_from(golden);
    if (!collator) continue;
    SCOPED_TRACE(golden.at("collator").get<std::string>() + ": " +
                 golden.at("name").get<std::string>());
    const Batch batch = collator(testing::batches_from(golden.at("samples")), 0);
    EXPECT_EQ(testing::difference(batch, testing::batch_from(golden.at("batch"))), "");
    ++seen[golden.at("collator")];
  }
  EXPECT_EQ(seen.size(), 7U);
}

Batch tokens(std::vector<std::int64_t> ids) { return {{"input_ids", torch::tensor(ids)}}; }

Batch with(Batch sample, const std::string& name, at::Tensor value) {
  sample.insert_or_assign(name, std::move(value));
  return sample;
}

const PaddingOptions kPadded = {.pad_token_id = 0};

TEST(Pad, TakesAnUndefinedTensorForAbsent) {
  const Batch batch = pad({with(with(tokens({5}), "label", {}), "attention_mask", {})}, kPadded);
  EXPECT_FALSE(batch.contains("label"));
  EXPECT_TRUE(torch::equal(batch.at("attention_mask"), torch::ones({1, 1}, torch::kInt64)));
}

TEST(Pad, NeedsAPadTokenOnlyWhereItPads) {
  EXPECT_EQ(pad({tokens({5, 6}), tokens({7, 8})}, {}).at("input_ids").size(1), 2);
  EXPECT_EQ(
      message_of<DatasetError>([] {
        pad({tokens({5, 6}), tokens({7})}, {});
      }),
      "Sample 1 of a batch has 1 tokens and must be padded to 2, but there is no pad token. Set "
      "pad_token_id (the end token's will do), or make all samples equally long.");
}

TEST(Pad, ListsAllProblemsOfTheOptions) {
  try {
    DataCollatorWithPadding(
        {.pad_token_id = -1, .padding = PaddingStrategy::max_length, .pad_to_multiple_of = 0});
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_EQ(error.problems(),
              (std::vector<std::string>{
                  "pad_token_id is -1: it must be 0 or more",
                  "padding is max_length, but max_length is not set: set it, or pad to longest",
                  "pad_to_multiple_of is 0: it must be above 0"}));
  }
  EXPECT_EQ(problems(PaddingOptions{.max_length = 0}),
            std::vector<std::string>{"max_length is 0: it must be above 0"});
}

struct Refusal {
  std::vector<Batch> samples;
  PaddingOptions options;
  std::string message;
};

TEST(Pad, NamesTheSampleThatDoesNotFit) {
  const PaddingOptions as_is = {.pad_token_id = 0, .padding = PaddingStrategy::do_not_pad};
  const PaddingOptions to_two = {
      .pad_token_id = 0, .padding = PaddingStrategy::max_length, .max_length = 2};
  const at::Tensor pair = torch::tensor({1, 2});
  const std::vector<Refusal> refusals = {
      {{}, kPadded, "A batch without samples cannot be put together. Give at least one."},
      {{{{"label", pair}}},
       kPadded,
       "Sample 0 of a batch has no 'input_ids', which the collator needs; it has: label. Add it in "
       "the dataset or use another collator."},
      {{tokens({5}), {}},
       kPadded,
       "Sample 1 of a batch has no 'input_ids', which the first one has. Give every sample the "
       "same names."},
      {{tokens({5}), {{"input_ids", torch::zeros({1, 2}, torch::kInt64)}}},
       kPadded,
       "'input_ids' of sample 1 of a batch has the shape [1, 2], but needs 1 dimension: samples "
       "have no batch dimension. Reshape it in the dataset."},
      {{{{"input_ids", torch::tensor({0.5})}}},
       kPadded,
       "'input_ids' of sample 0 of a batch is of type Float, but needs whole numbers. Convert it "
       "in the dataset."},
      {{tokens({5, 6, 7}), tokens({5})},
       as_is,
       "'input_ids' of sample 1 of a batch has 1 entries, that of the first one 3, and they are "
       "not to be padded. Set padding to longest, or make them equally long in the dataset."},
      {{tokens({5}), tokens({5, 6, 7})},
       to_two,
       "'input_ids' of sample 1 of a batch has 3 entries, more than max_length 2. Truncate it in "
       "the dataset, or raise max_length."},
      {{with(tokens({5, 6}), "attention_mask", pair), with(tokens({5}), "attention_mask", pair)},
       kPadded,
       "'attention_mask' of sample 1 of a batch has 2 entries for 1 input_ids. Give one for each "
       "token, or leave the name out."},
      {{with(tokens({5}), "label", pair), with(tokens({5}), "label", {})},
       kPadded,
       "Sample 1 of a batch has no 'label', which the first one has. Give every sample the same "
       "names."},
      {{with(tokens({5, 6}), "position_ids", pair),
        with(tokens({5}), "position_ids", torch::tensor({1}))},
       kPadded,
       "'position_ids' of sample 1 of a batch has the shape [1], that of the first one [2]. Pad "
       "them in the dataset, leave the name out, or use a collator that pads it."}};
  for (const Refusal& refusal : refusals) {
    EXPECT_EQ(message_of<DatasetError>([&] { pad(refusal.samples, refusal.options); }),
              refusal.message);
  }
}

TEST(DataCollatorForTokenClassification, RefusesLabelsThatDoNotFit) {
  const DataCollatorForTokenClassification collator(kPadded);
  const Batch good = with(tokens({5, 6}), "labels", torch::tensor({1, 2}));
  EXPECT_EQ(
      message_of<DatasetError>([&] {
        collator({good, with(tokens({5}), "labels", torch::tensor({1, 2, 3}))});
      }),
      "'labels' of sample 1 of a batch has the shape [3] and does not fit into 2 padded tokens. "
      "Make it as long as the sample's input_ids.");
  EXPECT_THROW(collator({good, with(tokens({5}), "labels", torch::tensor(1))}), DatasetError);
  EXPECT_THROW(collator({good, tokens({5})}), DatasetError);
  EXPECT_THROW(collator({}), DatasetError);
}

TEST(DataCollatorForMultipleChoice, RefusesChoicesThatDoNotFit) {
  const DataCollatorForMultipleChoice collator(kPadded);
  const auto sample = [](std::int64_t choices, std::int64_t length) {
    return Batch{{"input_ids", torch::ones({choices, length}, torch::kInt64)},
                 {"label", torch::tensor(0)}};
  };
  EXPECT_EQ(message_of<DatasetError>([&] {
              collator({sample(2, 3), sample(3, 3)});
            }),
            "'input_ids' of sample 1 of a batch has the shape [3, 3], but needs [2, ...]: as many "
            "choices as the input_ids of the first sample have. Make it so in the dataset.");
  EXPECT_EQ(message_of<DatasetError>([&] { collator({sample(0, 3)}); }),
            "'input_ids' of sample 0 of a batch has no choice. Leave such samples out.");
  Batch unlabelled = sample(2, 3);
  unlabelled.erase("label");
  EXPECT_THROW(collator({unlabelled}), DatasetError);
  EXPECT_THROW(collator({with(sample(2, 3), "input_ids", torch::tensor({1, 2}))}), DatasetError);
  EXPECT_THROW(collator({with(sample(2, 3), "score", torch::tensor(0.5))}), DatasetError);
  EXPECT_THROW(collator({}), DatasetError);
  const DataCollatorForMultipleChoice as_is({.padding = PaddingStrategy::do_not_pad});
  EXPECT_EQ(message_of<DatasetError>([&] {
              as_is({sample(2, 3), sample(2, 4)});
            }).substr(0, 53),
            "padding 2 choices a sample, each counted as one: 'inp");
}

TEST(DataCollatorForSeq2Seq, RefusesLabelsThatDoNotFit) {
  const auto labelled = [](std::vector<std::int64_t> labels) {
    return with(tokens({5}), "labels", torch::tensor(labels));
  };
  const DataCollatorForSeq2Seq as_is({.padding = PaddingStrategy::do_not_pad});
  EXPECT_EQ(
      message_of<DatasetError>([&] {
        as_is({labelled({1}), labelled({1, 2})});
      }),
      "'labels' of sample 1 of a batch has 2 entries, that of the first one 1, and they are not "
      "to be padded. Set padding to longest, or make them equally long in the dataset.");
  const DataCollatorForSeq2Seq collator(kPadded);
  EXPECT_THROW(collator({labelled({1}), tokens({5})}), DatasetError);
  EXPECT_THROW(collator({with(tokens({5}), "labels", torch::tensor(1))}), DatasetError);
  EXPECT_THROW(collator({}), DatasetError);
}

TEST(DataCollatorWithFlattening, RefusesLabelsThatDoNotFit) {
  const DataCollatorWithFlattening collator;
  EXPECT_EQ(message_of<DatasetError>([&] {
              collator({tokens({5}), tokens({})});
            }),
            "'input_ids' of sample 1 of a batch is empty. Leave such samples out of the dataset.");
  EXPECT_THROW(collator({with(tokens({5}), "labels", torch::tensor({1, 2}))}), DatasetError);
  EXPECT_THROW(collator({with(tokens({5}), "labels", torch::tensor({1})), tokens({5})}),
               DatasetError);
  EXPECT_THROW(collator({}), DatasetError);
}

TEST(DataCollatorWithFlattening, LeavesTheSamplesAlone) {
  const Batch sample = with(tokens({5, 6}), "labels", torch::tensor({1, 2}));
  DataCollatorWithFlattening()({sample});
  EXPECT_TRUE(torch::equal(sample.at("labels"), torch::tensor({1, 2})));
}

}  // namespace
}  // namespace torchhub
