#pragma once

#include "torchhub/base/mapped_file.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// A text file and the places where its records start.
class IndexedText {
 public:
  /// Passes over a byte order mark.
  /// @throws FileError; DatasetError if the file is compressed or UTF-16
  explicit IndexedText(const std::filesystem::path& path);

  std::string_view text() const { return text_; }
  void add(std::size_t start) { starts_.push_back(start); }
  std::int64_t size() const { return static_cast<std::int64_t>(starts_.size()); }
  /// The text from the start of a record to the end of the file.
  /// @throws InvalidArgumentError if there is no such record
  std::string_view from(std::int64_t index) const;
  /// "'a.csv', line 3"
  std::string where(std::int64_t index) const;
  std::string place_of(std::size_t offset) const;
  const std::string& name() const { return name_; }

 private:
  std::size_t start_of(std::int64_t index) const;

  std::string name_;
  std::shared_ptr<const MappedFile> file_;
  std::string_view text_;
  std::vector<std::uint64_t> starts_;
};

/// The first line of a text, without its end: "\n", "\r\n" or "\r".
std::string_view first_line(std::string_view text);
/// Bytes of the line end that `text` starts with, 0 if there is none.
std::size_t line_end_length(std::string_view text);

}  // namespace torchhub
