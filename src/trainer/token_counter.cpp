#include "trainer/token_counter.h"

#include "torchhub/base/log.h"
#include "torchhub/models/model.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include <utility>

namespace torchhub {

TokenCounter::TokenCounter(const PreTrainedModel& model, InputTokensSeen which)
    : input_name_(model.main_input_name()), which_(which) {
  if (which_ != InputTokensSeen::non_padding) return;
  const nlohmann::ordered_json config = model.config().to_json();
  const auto pad = config.find("pad_token_id");
  if (pad != config.end() && pad->is_number_integer()) pad_token_id_ = pad->get<std::int64_t>();
}

std::int64_t TokenCounter::in(const Batch& inputs) {
  if (which_ == InputTokensSeen::no) return 0;
  const auto input = inputs.find(input_name_);
  if (input == inputs.end()) {
    if (!std::exchange(warned_of_input_, true)) {
      log::warning("tokens_not_counted",
                   {{"cause", "the batch lacks the model's main input"}, {"input", input_name_}});
    }
    return 0;
  }
  if (which_ == InputTokensSeen::all) return input->second.numel();
  const auto mask = inputs.find("attention_mask");
  if (mask != inputs.end()) return mask->second.sum().item<std::int64_t>();
  if (pad_token_id_) return input->second.ne(*pad_token_id_).sum().item<std::int64_t>();
  if (!std::exchange(warned_of_padding_, true)) {
    log::warning("padding_counts_as_tokens",
                 {{"cause", "no attention_mask in the batch, no pad_token_id in the config"}});
  }
  return input->second.numel();
}

}  // namespace torchhub
