#pragma once

#include "torchhub/base/mapped_file.h"
#include "torchhub/pickle/torch_file.h"

#include <memory>

namespace torchhub::pickle {

/// The stream that torch.save wrote before PyTorch 1.6: pickles of a magic number, a protocol
/// version, facts about the machine, the object and its storages' keys, then each storage as a
/// count and its bytes (torch/serialization.py `_legacy_save`). @throws PickleError
Value load_legacy_stream(const std::shared_ptr<MappedFile>& file, const Limits& limits);

}  // namespace torchhub::pickle
