#include "card/origin_paragraph.h"

#include "card/card_lines.h"

#include <algorithm>

namespace torchhub::card {
namespace {

bool is_origin_line(std::string_view line) {
  if (line.starts_with("This model was trained from scratch on ")) return true;
  if (!line.starts_with(kFineTuned)) return false;
  const std::string_view base = line.substr(kFineTuned.size());
  return base.starts_with('[') || base.starts_with('`') || base.starts_with(kUnknownModel);
}

}  // namespace

std::string_view origin_paragraph(std::string_view text) {
  std::size_t begin = 0;
  std::size_t size = 0;
  for (const std::string_view line : lines_of(text)) {
    if (size == 0 && !is_origin_line(line)) {
      begin += line.size();
      continue;
    }
    if (without_break(line).empty()) break;
    size += line.size();
  }
  return text.substr(std::min(begin, text.size()), size);
}

}  // namespace torchhub::card
