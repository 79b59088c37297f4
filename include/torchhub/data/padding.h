#pragma once

#include "torchhub/fwd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// Where the padding goes: models that generate text are padded on the left.
enum class PaddingSide { left, right };

enum class PaddingStrategy {
  longest,     ///< To the longest sample of the batch.
  max_length,  ///< To PaddingOptions::max_length. Longer samples are not cut.
  do_not_pad,  ///< All samples of a batch must be of one length.
};

/// What a tokenizer knows about padding, and what the user asks of it.
struct PaddingOptions {
  /// Fills `input_ids`. Unset: samples must not need padding.
  std::optional<std::int64_t> pad_token_id = std::nullopt;
  std::int64_t pad_token_type_id = 0;                     ///< Fills `token_type_ids`.
  PaddingSide padding_side = PaddingSide::right;          ///< Of labels of tokens, too.
  PaddingStrategy padding = PaddingStrategy::longest;     ///< longest, max_length, do_not_pad.
  std::optional<std::int64_t> max_length = std::nullopt;  ///< Tokens; for that strategy only. > 0.
  std::optional<std::int64_t> pad_to_multiple_of = std::nullopt;  ///< Rounds lengths up. > 0.
};

/// Everything that is wrong with the options, each saying what would be right.
std::vector<std::string> problems(const PaddingOptions& options);

/// Makes one batch of samples of different lengths, as `tokenizer.pad` of transformers 5.12 does.
///
/// `input_ids` [length] becomes [batch, padded length]; `attention_mask` (0 where padded; made if
/// the first sample has none), `token_type_ids` and `special_tokens_mask` (1 where padded) with it.
/// All these are int64. Every other name of the first sample is stacked to [batch, ...], as int64,
/// float32 or bool; so is an `attention_mask` of more than one dimension, whose type is kept. An
/// undefined tensor in the first sample counts as absent.
/// @throws DatasetError naming the sample and the name, if one is missing or does not fit
Batch pad(const std::vector<Batch>& samples, const PaddingOptions& options);

}  // namespace torchhub
