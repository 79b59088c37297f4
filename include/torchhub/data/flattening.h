#pragma once

#include "torchhub/fwd.h"

#include <cstdint>
#include <vector>

namespace torchhub {

struct FlatteningOptions {
  bool return_position_ids = true;   ///< Gives `position_ids`, which begin at 0 in each sample.
  std::int64_t separator_id = -100;  ///< The label of the first token of each sample.
  bool return_flash_attn_kwargs = false;  ///< Gives `cu_seq_lens_*` and `max_length_*`.
  bool return_seq_idx = false;            ///< Gives `seq_idx`.
};

/// Puts all samples of a batch into one row, so that nothing needs padding. The model's attention
/// must keep them apart by `position_ids`, `seq_idx` or `cu_seq_lens_q`.
///
/// Gives `input_ids` and `labels` [1, tokens] (int64; the labels are the input ids if the first
/// sample has none) and as asked: `position_ids` [1, tokens] (int64), `seq_idx` [1, tokens] (int32,
/// the number of the sample), `cu_seq_lens_q` and `_k` [samples + 1] (int32, where each sample
/// begins, and the end), `max_length_q` and `_k` [] (int64, the longest sample). Other names are
/// dropped. Follows transformers 5.12. May be called from several threads at once.
class DataCollatorWithFlattening {
 public:
  explicit DataCollatorWithFlattening(FlatteningOptions options = {});
  /// @throws DatasetError naming the sample and the name that are missing or do not fit
  Batch operator()(const std::vector<Batch>& samples, std::uint64_t seed = 0) const;

 private:
  FlatteningOptions options_;
};

}  // namespace torchhub
