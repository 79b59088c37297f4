#include "card/card_lines.h"

#include <algorithm>

namespace torchhub::card {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = text.find_first_of("\r\n");
    if (end == std::string_view::npos) {
      end = text.size();
    } else {
      end += text.substr(end).starts_with("\r\n") ? 2 : 1;
    }
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

std::string_view without_break(std::string_view line) {
  return line.substr(0, line.find_first_of("\r\n"));
}

std::string with_newlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const std::string_view line : lines_of(text)) {
    const std::string_view content = without_break(line);
    out += content;
    if (content.size() < line.size()) out += '\n';
  }
  return out;
}

std::string_view line_break_of(std::string_view text) {
  std::size_t pairs = 0;
  for (std::size_t at = text.find("\r\n"); at != std::string_view::npos;
       at = text.find("\r\n", at + 2)) {
    ++pairs;
  }
  const auto cr = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\r'));
  const auto lf = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  if (pairs > 0 && pairs == cr && pairs == lf) return "\r\n";
  return cr > lf ? "\r" : "\n";
}

std::string with_breaks(std::string_view text, std::string_view line_break) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') {
      out += line_break;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace torchhub::card
