#include "card/card_sections.h"

#include "card/card_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace torchhub::card {
namespace {

/// A stranger's card of headings only must not take a hundred times its own memory.
constexpr std::size_t kMostSections = 100'000;
constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// Level of an ATX heading, 0 if the line is none.
std::size_t heading_level(std::string_view line) {
  const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
  if (level == 0 || level > 6) return 0;
  return level == line.size() || line[level] == ' ' || line[level] == '\t' ? level : 0;
}

/// Follows ``` and ~~~ fences: a `#` inside is a comment of somebody's program.
class CodeBlocks {
 public:
  /// @return whether `line` lies in a code block, or opens or closes one
  bool covers(std::string_view line) {
    const std::string_view text = trimmed(line);
    const char mark = text.empty() ? ' ' : text.front();
    const std::size_t length =
        mark == '`' || mark == '~' ? std::min(text.find_first_not_of(mark), text.size()) : 0;
    if (open_ == ' ') {
      if (length < 3) return false;
      open_ = mark;
      length_ = length;
      return true;
    }
    if (mark == open_ && length >= length_ && length == text.size()) open_ = ' ';
    return true;
  }

 private:
  char open_ = ' ';
  std::size_t length_ = 0;
};

}  // namespace

std::vector<Section> sections_of(std::string_view body) {
  std::vector<Section> sections = {{.text = body.substr(0, 0)}};
  std::map<std::string, int> seen;
  bool has_title = false;
  CodeBlocks code;
  for (const std::string_view line : lines_of(body)) {
    const bool is_text = code.covers(line) || sections.size() > kMostSections;
    const std::size_t level = is_text ? 0 : heading_level(line);
    if (level > 0) {
      std::string key = fmt::format("{} {}", std::string(level, '#'), trimmed(line.substr(level)));
      if (level == 1 && !has_title) {
        has_title = true;
        key = kTitleKey;
      }
      const int count = seen[key]++;
      if (count > 0) key += fmt::format(" ({})", count + 1);
      sections.push_back({.key = std::move(key), .heading = std::string(trimmed(line))});
      sections.back().text = {line.data(), 0};
    }
    std::string_view& text = sections.back().text;
    text = {text.data(), text.size() + line.size()};
  }
  return sections;
}

std::string comparable(std::string_view text) {
  std::string out = with_newlines(text);
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

bool is_placeholder(const Section& section) {
  const std::size_t heading_end = without_break(section.text).size();
  const std::string_view text =
      trimmed(section.heading.empty() ? section.text : section.text.substr(heading_end));
  return text.empty() || text == "More information needed" || text == "[More Information Needed]";
}

bool is_machine_section(const Section& section) {
  constexpr std::array<std::string_view, 4> kKeys = {"### Training hyperparameters",
                                                     "### Loss and metrics", "### Training results",
                                                     "### Framework versions"};
  return std::find(kKeys.begin(), kKeys.end(), section.key) != kKeys.end();
}

}  // namespace torchhub::card
