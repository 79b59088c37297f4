#include "torchhub/data/language_modeling.h"

#include "data/columns.h"
#include "data/padded_column.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <utility>

namespace torchhub {
namespace {

void check_probability(std::vector<std::string>& wrong, const char* name, double value) {
  if (value >= 0.0 && value <= 1.0) return;  // not so: NaN
  wrong.push_back(fmt::format("{} is {}: it must be between 0 and 1", name, value));
}

bool draws_random_tokens(const LanguageModelingOptions& options) {
  return options.mlm && !options.whole_word_mask && options.mask_replace_prob < 1.0 &&
         options.random_replace_prob > 0.0;
}

/// Other values of the collator's own seed lead to other draws; no other seed does what unset does.
std::uint64_t generator_seed(std::uint64_t batch_seed, std::optional<std::uint64_t> own) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  return own ? batch_seed + kOdd * (*own + 1) : batch_seed;
}

}  // namespace

std::vector<std::string> problems(const LanguageModelingOptions& options) {
  std::vector<std::string> wrong;
  if (options.mlm && options.mask_token_id.value_or(-1) < 0) {
    wrong.emplace_back(
        "mask_token_id is not set: give the tokenizer's, or set mlm = false for a causal model");
  }
  if (!options.mlm && options.whole_word_mask) {
    wrong.emplace_back("whole_word_mask needs mlm = true");
  }
  check_probability(wrong, "mlm_probability", options.mlm_probability);
  check_probability(wrong, "mask_replace_prob", options.mask_replace_prob);
  check_probability(wrong, "random_replace_prob", options.random_replace_prob);
  if (options.mask_replace_prob + options.random_replace_prob > 1.0) {
    wrong.push_back(
        fmt::format("mask_replace_prob + random_replace_prob is {}: it must be at most 1",
                    options.mask_replace_prob + options.random_replace_prob));
  }
  if (draws_random_tokens(options) && options.vocab_size <= 0) {
    wrong.push_back(fmt::format("vocab_size is {}: it must be above 0 where random_replace_prob is",
                                options.vocab_size));
  }
  return wrong;
}

DataCollatorForLanguageModeling::DataCollatorForLanguageModeling(PaddingOptions padding,
                                                                 LanguageModelingOptions options)
    : padding_(padding), options_(std::move(options)) {
  std::vector<std::string> wrong = problems(options_);
  for (std::string& problem : problems(padding_)) wrong.push_back(std::move(problem));
  if (!wrong.empty()) {
    throw InvalidArgumentError("DataCollatorForLanguageModeling cannot be made", std::move(wrong));
  }
  for (const auto& id : {padding_.pad_token_id, options_.mask_token_id}) {
    if (id) options_.special_token_ids.push_back(*id);
  }
  if (options_.whole_word_mask && options_.mask_replace_prob < 1.0) {
    log::warning("whole_words_become_the_mask_token_only",
                 {{"ignored_mask_replace_prob", options_.mask_replace_prob},
                  {"ignored_random_replace_prob", options_.random_replace_prob}});
  }
}

Batch DataCollatorForLanguageModeling::operator()(const std::vector<Batch>& samples,
                                                  std::uint64_t seed) const {
  Batch batch = pad(without(samples, {"labels", "offset_mapping"}), padding_);
  if (!options_.mlm) {
    batch.erase("special_tokens_mask");
    const at::Tensor& input_ids = batch.at("input_ids");
    batch["labels"] = padding_.pad_token_id
                          ? input_ids.masked_fill(input_ids == *padding_.pad_token_id, -100)
                          : input_ids.clone();
    return batch;
  }
  if (options_.whole_word_mask) {
    require_one_a_token(samples, "offset_mapping", 2);
    batch["offset_mapping"] =
        padded_column(samples, "offset_mapping",
                      {.length = batch.at("input_ids").size(1), .side = padding_.padding_side});
  }
  at::Generator generator = at::detail::createCPUGenerator(generator_seed(seed, options_.seed));
  return mask_tokens(std::move(batch), options_, generator);
}

}  // namespace torchhub
