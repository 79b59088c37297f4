#include "torchhub/data/token_collators.h"

#include "data/columns.h"
#include "data/padded_column.h"

#include <torch/torch.h>

#include <utility>

namespace torchhub {

DataCollatorWithPadding::DataCollatorWithPadding(PaddingOptions padding)
    : padding_(checked(padding, "DataCollatorWithPadding")) {}

Batch DataCollatorWithPadding::operator()(const std::vector<Batch>& samples,
                                          std::uint64_t /*seed*/) const {
  Batch batch = pad(samples, padding_);
  for (const char* spelling : {"label", "label_ids"}) {
    auto node = batch.extract(spelling);
    if (node) batch.insert_or_assign("labels", std::move(node.mapped()));
  }
  return batch;
}

DataCollatorForTokenClassification::DataCollatorForTokenClassification(
    PaddingOptions padding, std::int64_t label_pad_token_id)
    : padding_(checked(padding, "DataCollatorForTokenClassification")),
      label_pad_token_id_(label_pad_token_id) {}

Batch DataCollatorForTokenClassification::operator()(const std::vector<Batch>& samples,
                                                     std::uint64_t /*seed*/) const {
  require_samples(samples);
  const std::string name = label_name(samples);
  Batch batch = pad(without(samples, {name}), padding_);
  if (!has_value(samples.front(), name)) return batch;
  row_lengths(samples, name);
  batch[name] = padded_column(samples, name,
                              {.length = batch.at("input_ids").size(1),
                               .fill = label_pad_token_id_,
                               .side = padding_.padding_side});
  return batch;
}

DataCollatorForSeq2Seq::DataCollatorForSeq2Seq(PaddingOptions padding,
                                               PrepareDecoderInputIds prepare_decoder_input_ids,
                                               std::int64_t label_pad_token_id)
    : padding_(checked(padding, "DataCollatorForSeq2Seq")),
      prepare_decoder_input_ids_(std::move(prepare_decoder_input_ids)),
      label_pad_token_id_(label_pad_token_id) {}

Batch DataCollatorForSeq2Seq::operator()(const std::vector<Batch>& samples,
                                         std::uint64_t /*seed*/) const {
  require_samples(samples);
  const std::string name = label_name(samples);
  Batch batch = pad(without(samples, {name}), padding_);
  if (!has_value(samples.front(), name)) return batch;
  const std::int64_t length = padded_length(row_lengths(samples, name), name, padding_);
  const at::Tensor labels =
      padded_column(samples, name,
                    {.length = length, .fill = label_pad_token_id_, .side = padding_.padding_side});
  batch["labels"] = labels;
  if (prepare_decoder_input_ids_) batch["decoder_input_ids"] = prepare_decoder_input_ids_(labels);
  return batch;
}

}  // namespace torchhub
