#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace torchhub {

/// One record of a file: values by name, in the order of the file. For JSONL what the line says,
/// for CSV a number, a truth value or a text a column, for text files `text`.
using Record = nlohmann::ordered_json;

/// Records of a file by number: read_jsonl(), read_csv(), read_text(). Only the place where each
/// record starts is kept in memory, 8 bytes a record; the record is read from the file when it is
/// asked for, so that resuming in the middle of a large file costs no replay. Any thread may call.
/// The file must stay as it is meanwhile (replacing it by a rename is safe): see MappedFile.
class RecordFile {
 public:
  virtual ~RecordFile() = default;
  virtual std::int64_t size() const = 0;
  /// @param index in [0, size())
  /// @throws InvalidArgumentError for another one, DatasetError that names file and line
  virtual Record get(std::int64_t index) const = 0;
  /// "'train.jsonl', line 7", for messages. Reads the file from its start.
  virtual std::string where(std::int64_t index) const = 0;
};

}  // namespace torchhub
