#pragma once

#include "torchhub/data/dataset.h"
#include "torchhub/data/record_file.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace torchhub {

/// Makes the tensors of one sample. Called from the loader's threads.
using RecordMap = std::function<Batch(const Record& record)>;

/// The values of a record that are numbers, truth values, or (nested) arrays of them, as tensors:
/// int64; float32 if one of them is not whole; bool. As `torch.tensor` makes them.
/// @param columns those to take; empty: all
/// @throws DatasetError that names the column which is missing or null, a text, an object, or an
/// array whose rows differ in length
Batch tensors_of(const Record& record, const std::vector<std::string>& columns = {});

/// The records of a file as samples. Errors say where in the file.
std::shared_ptr<const Dataset> map_records(std::shared_ptr<const RecordFile> records,
                                           RecordMap map);
/// With tensors_of(): for files of numbers.
std::shared_ptr<const Dataset> map_records(std::shared_ptr<const RecordFile> records,
                                           std::vector<std::string> columns = {});

}  // namespace torchhub
