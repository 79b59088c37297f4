#pragma once

#include "torchhub/fwd.h"
#include "torchhub/training/arguments.h"

#include <cstdint>
#include <optional>
#include <string>

namespace torchhub {

/// How many tokens a batch has, as Python's Trainer counts them: elements of the main input, or
/// with non_padding those that the attention mask lets through, or without a mask those that are
/// not the config's pad_token_id. A batch without the main input has none, which is warned of once.
class TokenCounter {
 public:
  TokenCounter(const PreTrainedModel& model, InputTokensSeen which);
  std::int64_t in(const Batch& inputs);

 private:
  std::string input_name_;
  InputTokensSeen which_;
  std::optional<std::int64_t> pad_token_id_ = std::nullopt;
  bool warned_of_input_ = false;
  bool warned_of_padding_ = false;
};

}  // namespace torchhub
