#pragma once

#include "torchhub/data/padding.h"
#include "torchhub/fwd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

struct LanguageModelingOptions {
  bool mlm = true;  ///< Masked; false: causal, the labels are the input ids.
  /// Masks all tokens of a word or none, and replaces each by the mask token, whatever the two
  /// probabilities of replacement say. Samples need `offset_mapping` [length, 2]: where in the text
  /// each token begins and ends.
  bool whole_word_mask = false;
  double mlm_probability = 0.15;     ///< Of a token (or word) to be predicted. 0 to 1.
  double mask_replace_prob = 0.8;    ///< Of such a token to become the mask token. 0 to 1.
  double random_replace_prob = 0.1;  ///< Of such a token to become any token; the rest stays.
  std::optional<std::int64_t> mask_token_id = std::nullopt;  ///< Needed by mlm.
  std::int64_t vocab_size = 0;  ///< Random tokens lie below; Python's `len(tokenizer)`.
  /// Never masked. Used where samples have no `special_tokens_mask`: the tokenizer's
  /// `all_special_ids`. The collator adds the mask token and the pad token.
  std::vector<std::int64_t> special_token_ids = {};
  /// Masks otherwise for each value, 0 included. Unset: the data seed alone decides.
  std::optional<std::uint64_t> seed = std::nullopt;
};

/// Everything that is wrong with the options, each saying what would be right.
std::vector<std::string> problems(const LanguageModelingOptions& options);

/// Chooses the tokens to predict and hides them.
///
/// The draws are those of transformers' `torch_mask_tokens` in number and order, so a CPU generator
/// in the state of Python's masks the same tokens: each over [batch, length] (1) which to predict,
/// (2) which of them become the mask token, and unless mask_replace_prob is 1 or
/// random_replace_prob 0, (3) which of the others become (4) a random token.
/// @param batch `input_ids` [batch, length]; `special_tokens_mask` [batch, length] if known;
/// for whole_word_mask `offset_mapping` [batch, length, 2]
/// @param generator a CPU generator, whatever the device of the batch
/// @return the batch with int64 `input_ids` that are masked and `labels` that are -100 where
/// nothing is to be predicted, without the two masks' columns
/// @throws InvalidArgumentError if the options or the shapes are wrong
Batch mask_tokens(Batch batch, const LanguageModelingOptions& options, at::Generator& generator);

/// pad(), and `labels` for a language model, as transformers 5.12 makes them. Causal: the input
/// ids, -100 where they are the pad token (also where that is the end token). Masked: mask_tokens()
/// with a generator of the batch's own, seeded with the loader's seed, so that neither a resume nor
/// the number of workers changes a batch. May be called from several threads at once.
class DataCollatorForLanguageModeling {
 public:
  /// @throws InvalidArgumentError listing all problems of both
  DataCollatorForLanguageModeling(PaddingOptions padding, LanguageModelingOptions options);
  /// @throws DatasetError naming the sample and the name that are missing or do not fit
  Batch operator()(const std::vector<Batch>& samples, std::uint64_t seed) const;

 private:
  PaddingOptions padding_;
  LanguageModelingOptions options_;
};

}  // namespace torchhub
