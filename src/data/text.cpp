#include "torchhub/data/text.h"

#include "data/indexed_text.h"
#include "torchhub/base/utf8.h"
#include "torchhub/data/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace torchhub {
namespace {

/// What the first record of a text takes, and the separator after it.
struct Piece {
  std::string_view record;
  std::size_t separator = 0;
};

Piece line_piece(std::string_view text) {
  const std::string_view line = first_line(text);
  return {line, line_end_length(text.substr(line.size()))};
}

/// Up to the first empty line. As in Python, a third line end in a row begins the next paragraph.
Piece paragraph_piece(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    at += first_line(text.substr(at)).size();
    const std::size_t one = line_end_length(text.substr(at));
    const std::size_t two = line_end_length(text.substr(at + one));
    if (two > 0) return {text.substr(0, at), one + two};
    at += one;
  }
  return {text, 0};
}

Piece first_piece(std::string_view text, SampleBy sample_by) {
  if (sample_by == SampleBy::line) return line_piece(text);
  if (sample_by == SampleBy::paragraph) return paragraph_piece(text);
  return {text, 0};
}

std::string with_plain_line_ends(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const Piece line = line_piece(text);
    plain += line.record;
    if (line.separator > 0) plain += '\n';
    text.remove_prefix(line.record.size() + line.separator);
  }
  return plain;
}

class TextFile final : public RecordFile {
 public:
  TextFile(const std::filesystem::path& path, SampleBy sample_by)
      : file_(path), sample_by_(sample_by) {
    const std::string_view text = file_.text();
    for (std::size_t at = 0; at < text.size();) {
      const Piece piece = first_piece(text.substr(at), sample_by);
      if (!is_utf8(piece.record)) throw DatasetError(not_utf8(at, piece.record));
      if (sample_by != SampleBy::paragraph || !piece.record.empty()) file_.add(at);
      at += piece.record.size() + piece.separator;
    }
  }

  std::int64_t size() const override { return file_.size(); }
  std::string where(std::int64_t index) const override { return file_.where(index); }
  Record get(std::int64_t index) const override {
    return {{"text", with_plain_line_ends(first_piece(file_.from(index), sample_by_).record)}};
  }

 private:
  std::string not_utf8(std::size_t at, std::string_view record) const {
    while (is_utf8(first_line(record))) {
      const Piece line = line_piece(record);
      at += line.record.size() + line.separator;
      record.remove_prefix(line.record.size() + line.separator);
    }
    return fmt::format("{} is not UTF-8. Convert the file (iconv -f LATIN1 -t UTF-8).",
                       file_.place_of(at));
  }

  IndexedText file_;
  SampleBy sample_by_;
};

}  // namespace

std::shared_ptr<const RecordFile> read_text(const std::filesystem::path& path, SampleBy sample_by) {
  return std::make_shared<TextFile>(path, sample_by);
}

}  // namespace torchhub
