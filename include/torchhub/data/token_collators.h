#pragma once

#include "torchhub/data/padding.h"
#include "torchhub/fwd.h"

#include <cstdint>
#include <functional>
#include <vector>

/// Collators for samples of tokens, as transformers 5.12 has them. Each can be used as a Collator,
/// draws no random numbers, and may be called from several threads at once. Constructors throw
/// InvalidArgumentError listing all that is wrong with the options; a call throws DatasetError
/// naming the sample and the name that do not fit.
namespace torchhub {

/// pad(), and then `label` or `label_ids` is called `labels`.
class DataCollatorWithPadding {
 public:
  explicit DataCollatorWithPadding(PaddingOptions padding);
  Batch operator()(const std::vector<Batch>& samples, std::uint64_t seed = 0) const;

 private:
  PaddingOptions padding_;
};

/// pad(), and one label for each token: `labels` or `label` [length] becomes int64
/// [batch, padded length] and keeps its name.
class DataCollatorForTokenClassification {
 public:
  /// @param label_pad_token_id the label where there is no token; -100 is ignored by losses
  explicit DataCollatorForTokenClassification(PaddingOptions padding,
                                              std::int64_t label_pad_token_id = -100);
  Batch operator()(const std::vector<Batch>& samples, std::uint64_t seed = 0) const;

 private:
  PaddingOptions padding_;
  std::int64_t label_pad_token_id_;
};

/// Samples of [choices, length] each, and `labels` or `label` [] saying which choice is right,
/// become [batch, choices, padded length] and int64 `labels` [batch].
class DataCollatorForMultipleChoice {
 public:
  explicit DataCollatorForMultipleChoice(PaddingOptions padding);
  Batch operator()(const std::vector<Batch>& samples, std::uint64_t seed = 0) const;

 private:
  PaddingOptions padding_;
};

/// A model's `prepare_decoder_input_ids_from_labels`: labels [batch, length] moved one to the right
/// behind the start token. Called from the loader's threads.
using PrepareDecoderInputIds = std::function<at::Tensor(const at::Tensor& labels)>;

/// pad(), and `labels` or `label` [target length] becomes int64 `labels` [batch, longest target],
/// padded by the same strategy and on the same side as the inputs, but to a length of their own.
class DataCollatorForSeq2Seq {
 public:
  /// @param prepare_decoder_input_ids if set, gives `decoder_input_ids` of batches with labels
  /// @param label_pad_token_id the label where there is no token; -100 is ignored by losses
  explicit DataCollatorForSeq2Seq(PaddingOptions padding,
                                  PrepareDecoderInputIds prepare_decoder_input_ids = {},
                                  std::int64_t label_pad_token_id = -100);
  Batch operator()(const std::vector<Batch>& samples, std::uint64_t seed = 0) const;

 private:
  PaddingOptions padding_;
  PrepareDecoderInputIds prepare_decoder_input_ids_;
  std::int64_t label_pad_token_id_;
};

}  // namespace torchhub
