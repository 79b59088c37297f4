#include "card/card_frame.h"

#include "card/card_lines.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16Marks[] = {"\xFF\xFE", "\xFE\xFF"};
constexpr std::string_view kSpaces = " \t\r\n\v\f";

std::string_view first_line(std::string_view text) {
  return card::without_break(text.substr(0, text.find('\n')));
}

bool is_fence(std::string_view line) {
  return line.starts_with("---") && line.find_first_not_of(" \t", 3) == std::string_view::npos;
}

/// `word:` or `word: value`, as no paragraph of Markdown begins after a line of dashes.
bool is_key_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  if (line.find_first_of(" \t\"'[]{}#`*") < colon) return false;
  return colon + 1 == line.size() || line[colon + 1] == ' ' || line[colon + 1] == '\t';
}

/// The first line of `text` that has words and is no comment of YAML.
std::string_view first_words(std::string_view text) {
  for (const std::string_view line : card::lines_of(text.substr(0, std::size_t{1} << 16))) {
    const std::string_view words = card::without_break(line);
    if (words.find_first_not_of(" \t") != std::string_view::npos && !words.starts_with('#')) {
      return words;
    }
  }
  return {};
}

}  // namespace

std::optional<std::string> problem_of_frame(std::string_view card) {
  const bool wide = std::any_of(std::begin(kUtf16Marks), std::end(kUtf16Marks),
                                [card](std::string_view mark) { return card.starts_with(mark); });
  if (wide || card.substr(0, 4).find('\0') != std::string_view::npos) {
    return "The model card is not UTF-8 but looks like UTF-16. Save the file as UTF-8.";
  }
  if (card.starts_with(kUtf8Mark) && !split_card(card.substr(kUtf8Mark.size())).opening.empty()) {
    return "A byte order mark stands before the front matter of the model card, so that nobody "
           "sees "
           "it. Save the file as UTF-8 without the mark.";
  }
  if (!split_card(card).opening.empty()) return std::nullopt;
  const std::size_t begin = std::min(card.find_first_not_of(kSpaces), card.size());
  const std::string_view text = card.substr(begin);
  if (!is_fence(first_line(text))) return std::nullopt;
  const std::string_view rest = text.substr(first_line(text).size());
  if (!is_key_line(first_words(rest))) return std::nullopt;
  return "The front matter of the model card has no line '---' that ends it, or blanks after the "
         "first one. Put '---' on a line of its own below the last key.";
}

void card::require_sound_frame(std::string_view card) {
  if (const auto problem = problem_of_frame(card)) throw ModelCardError(*problem);
}

std::string_view card::without_mark(std::string_view card) {
  return card.starts_with(kUtf8Mark) ? card.substr(kUtf8Mark.size()) : card;
}

std::string card::with_yaml(std::string_view card, std::string_view yaml) {
  const CardParts parts = split_card(card);
  if (yaml.empty()) return {};
  if (!parts.opening.empty()) {
    return std::string(parts.opening).append(yaml).append(parts.closing);
  }
  const std::string_view line_break = line_break_of(card);
  std::string text = fmt::format("---\n{}\n---\n", with_newlines(yaml));
  if (!parts.body.empty() && !parts.body.starts_with(line_break)) text += '\n';
  return with_breaks(text, line_break);
}

std::string card::joined_card(std::string front, std::string_view body) {
  if (front.empty() && !split_card(body).opening.empty()) {
    throw ModelCardError(
        "The text of the model card begins with a line '---' and would be taken for its front "
        "matter. Put a heading above that line.");
  }
  return std::move(front.append(front.empty() ? body : without_mark(body)));
}

}  // namespace torchhub
