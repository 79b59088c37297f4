#include "data/columns.h"
#include "data/whole_words.h"
#include "torchhub/base/error.h"
#include "torchhub/data/language_modeling.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <utility>

namespace torchhub {
namespace {

/// Takes a column out of the batch, to the CPU, where the draws are made.
at::Tensor taken(Batch& batch, const char* name) {
  auto node = batch.extract(name);
  return node && node.mapped().defined() ? node.mapped().to(torch::kCPU) : at::Tensor();
}

void require_shape(const at::Tensor& column, const char* name, at::IntArrayRef shape) {
  if (column.sizes() == shape) return;
  throw InvalidArgumentError(
      fmt::format("'{}' has the shape {}, which does not go with the input_ids. Give one entry for "
                  "each token.",
                  name, shape_text(column)));
}

at::Tensor special_tokens(const at::Tensor& input_ids, const at::Tensor& given,
                          const LanguageModelingOptions& options) {
  if (given.defined()) {
    require_shape(given, "special_tokens_mask", input_ids.sizes());
    return given.to(torch::kBool);
  }
  at::Tensor special = torch::zeros_like(input_ids, torch::kBool);
  for (const std::int64_t id : options.special_token_ids) special |= input_ids == id;
  return special;
}

/// Bool [batch, length], true with the given chance but never where `barred` is. One draw a
/// position.
at::Tensor drawn(at::IntArrayRef shape, double chance, const at::Tensor& barred,
                 at::Generator& generator) {
  at::Tensor chances = torch::full(shape, chance, torch::kFloat32);
  if (barred.defined()) chances.masked_fill_(barred, 0.0);
  return torch::bernoulli(chances, generator).to(torch::kBool);
}

at::Tensor words_to_predict(const at::Tensor& special, const at::Tensor& offsets, double chance,
                            at::Generator& generator) {
  if (!offsets.defined()) {
    throw InvalidArgumentError("Whole words can be masked only in a batch with 'offset_mapping'.");
  }
  require_shape(offsets, "offset_mapping", {special.size(0), special.size(1), 2});
  const at::Tensor starts = word_starts(offsets, special);
  return spread_over_words(drawn(special.sizes(), chance, ~starts, generator), starts, special);
}

at::Tensor hidden(at::Tensor input_ids, const at::Tensor& predicted,
                  const LanguageModelingOptions& options, at::Generator& generator) {
  const double mask_prob = options.whole_word_mask ? 1.0 : options.mask_replace_prob;
  const at::Tensor masked = drawn(input_ids.sizes(), mask_prob, {}, generator) & predicted;
  input_ids = input_ids.masked_fill(masked, *options.mask_token_id);
  if (mask_prob == 1.0 || options.random_replace_prob == 0.0) return input_ids;
  const double chance = options.random_replace_prob / (1.0 - mask_prob);
  const at::Tensor random = drawn(input_ids.sizes(), chance, {}, generator) & predicted & ~masked;
  const at::Tensor words = torch::randint(options.vocab_size, input_ids.sizes(), generator,
                                          torch::TensorOptions(torch::kInt64));
  return torch::where(random, words, input_ids);
}

void check(const LanguageModelingOptions& options) {
  std::vector<std::string> wrong = problems(options);
  if (!options.mlm) wrong.emplace_back("mlm is false: a causal model's tokens are not masked");
  if (!wrong.empty()) throw InvalidArgumentError("Tokens cannot be masked", std::move(wrong));
}

at::Tensor input_ids_of(const Batch& batch) {
  const auto found = batch.find("input_ids");
  if (found == batch.end() || !found->second.defined() || found->second.dim() != 2) {
    throw InvalidArgumentError(
        "Tokens can be masked only in a batch with 'input_ids' [batch, length].");
  }
  return found->second;
}

}  // namespace

Batch mask_tokens(Batch batch, const LanguageModelingOptions& options, at::Generator& generator) {
  check(options);
  const at::Tensor given_ids = input_ids_of(batch);
  const at::Tensor input_ids = given_ids.to(torch::kCPU, torch::kInt64);
  const at::Tensor offsets = taken(batch, "offset_mapping");
  const at::Tensor special =
      special_tokens(input_ids, taken(batch, "special_tokens_mask"), options);
  const at::Tensor predicted =
      options.whole_word_mask
          ? words_to_predict(special, offsets, options.mlm_probability, generator)
          : drawn(input_ids.sizes(), options.mlm_probability, special, generator);
  batch["labels"] = input_ids.masked_fill(~predicted, -100).to(given_ids.device());
  batch["input_ids"] = hidden(input_ids, predicted, options, generator).to(given_ids.device());
  return batch;
}

}  // namespace torchhub
