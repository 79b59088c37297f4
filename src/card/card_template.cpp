#include "torchhub/card/card_template.h"

#include "torchhub/card/errors.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

constexpr std::string_view kBlanks = " \t\r\n";

/// What one `{{ }}` asks for.
struct Placeholder {
  std::string name;
  std::string otherwise = {};
};

/// Reads the inside of one `{{ }}`; each take_ function says whether, or what, it took.
class PlaceholderReader {
 public:
  explicit PlaceholderReader(std::string_view text) : text_(text) {}

  std::optional<Placeholder> read() {
    Placeholder out{.name = std::string(take_name())};
    if (out.name.empty()) return std::nullopt;
    if (at_end()) return out;
    if (!take('|') || take_name() != "default" || !take('(')) return std::nullopt;
    const auto otherwise = take_text();
    if (!otherwise) return std::nullopt;
    out.otherwise = *otherwise;
    if (take(',')) {
      const std::string_view word = take_name();
      if (word != "true" && word != "True") return std::nullopt;
    }
    return take(')') && at_end() ? std::optional(out) : std::nullopt;
  }

 private:
  void skip_blanks() {
    text_.remove_prefix(std::min(text_.find_first_not_of(kBlanks), text_.size()));
  }
  bool at_end() {
    skip_blanks();
    return text_.empty();
  }
  bool take(char c) {
    skip_blanks();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view take_name() {
    skip_blanks();
    const auto is_part = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    const auto end = std::find_if_not(text_.begin(), text_.end(), is_part);
    const std::string_view name = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(name.size());
    return name;
  }
  /// In single or double quotes, with `\"`, `\'`, `\\` and `\n`.
  std::optional<std::string> take_text() {
    skip_blanks();
    if (text_.empty() || (text_.front() != '"' && text_.front() != '\'')) return std::nullopt;
    const char quote = text_.front();
    std::string out;
    for (std::size_t i = 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        text_.remove_prefix(i + 1);
        return out;
      }
      if (text_[i] == '\\' && i + 1 < text_.size()) {
        ++i;
        out += text_[i] == 'n' ? '\n' : text_[i];
      } else {
        out += text_[i];
      }
    }
    return std::nullopt;
  }

  std::string_view text_;
};

[[noreturn]] void fail(std::string_view text, std::size_t at, std::string_view construct) {
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  constexpr std::size_t kShown = 60;
  const std::string_view shown = construct.substr(0, std::min(kShown, construct.find('\n')));
  throw ModelCardError(fmt::format(
      "Line {} of the card template has '{}', which is not understood. Templates may hold "
      "{{{{ name }}}} and {{{{ name | default(\"text\", true) }}}}.",
      line, shown));
}

/// A name's text from the metadata: a word, or words with commas between them.
std::string words_of(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.is_structured() || value.is_null() ? "" : value.dump();
  std::string out;
  for (const ordered_json& item : value) {
    if (item.is_structured() || item.is_null()) continue;
    out += (out.empty() ? "" : ", ") + words_of(item);
  }
  return out;
}

}  // namespace

std::string fill_template(std::string_view text, const TemplateValues& values) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t brace = text.find('{', at);
    if (brace == std::string_view::npos || brace + 1 == text.size()) break;
    out += text.substr(at, brace - at);
    const char kind = text[brace + 1];
    if (kind == '%' || kind == '#') fail(text, brace, text.substr(brace));
    if (kind != '{') {
      out += '{';
      at = brace + 1;
      continue;
    }
    const std::size_t end = text.find("}}", brace + 2);
    if (end == std::string_view::npos) fail(text, brace, text.substr(brace));
    const auto placeholder = PlaceholderReader(text.substr(brace + 2, end - brace - 2)).read();
    if (!placeholder) fail(text, brace, text.substr(brace, end + 2 - brace));
    const auto value = values.find(placeholder->name);
    const bool given = value != values.end() && !value->second.empty();
    out += given ? value->second : placeholder->otherwise;
    at = end + 2;
  }
  return out.append(text.substr(at));
}

ModelCard card_from_template(const ordered_json& metadata, const TemplateValues& values,
                             std::string_view text) {
  TemplateValues all = values;
  for (const auto& item : metadata.items()) {
    std::string& value = all[item.key()];
    if (value.empty()) value = words_of(item.value());
  }
  ordered_json present = ordered_json::object();
  for (const auto& item : metadata.items()) {
    if (!item.value().is_null()) present[item.key()] = item.value();
  }
  std::string& card_data = all["card_data"];
  if (card_data.empty()) {
    card_data = write_front_matter(present);
    if (card_data.ends_with('\n')) card_data.pop_back();
  }
  return ModelCard(fill_template(text, all));
}

}  // namespace torchhub
