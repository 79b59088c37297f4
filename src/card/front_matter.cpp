#include "torchhub/card/front_matter.h"

#include "card/card_lines.h"
#include "card/yaml_source.h"
#include "torchhub/card/errors.h"

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

constexpr std::string_view kFence = "---";
constexpr std::string_view kBlanksAndBreaks = " \t\r\n\v\f";

/// Half-open range of lines that one top-level key takes.
struct KeyLines {
  std::string key;
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool is_blank_or_comment(std::string_view line) {
  return line.starts_with('#') ||
         card::without_break(line).find_first_not_of(" \t") == std::string_view::npos;
}

/// Where each key stands; nothing if the layout is not one key a line at column 0.
std::optional<std::vector<KeyLines>> lines_of_keys(const std::string& yaml,
                                                   const std::vector<std::string_view>& lines) {
  std::vector<KeyLines> keys;
  const YAML::Node root = YAML::Load(yaml);
  if (!root || root.IsNull()) return keys;
  for (const auto& entry : root) {
    const YAML::Mark mark = entry.first.Mark();
    if (mark.column != 0 || !entry.first.IsScalar()) return std::nullopt;
    const auto line = static_cast<std::size_t>(mark.line);
    if (line >= lines.size() || (!keys.empty() && line <= keys.back().begin)) return std::nullopt;
    if (!keys.empty()) keys.back().end = line;
    keys.push_back({.key = entry.first.Scalar(), .begin = line, .end = lines.size()});
  }
  for (KeyLines& key : keys) {  // comments and blank lines belong to what follows them
    while (key.end > key.begin + 1 && is_blank_or_comment(lines[key.end - 1])) --key.end;
  }
  return keys;
}

std::string joined(const std::vector<std::string_view>& lines, std::size_t begin, std::size_t end) {
  std::string out;
  for (std::size_t i = begin; i < end; ++i) out += lines[i];
  return out;
}

std::string_view without_last_break(std::string_view text) {
  const std::vector<std::string_view> lines = card::lines_of(text);
  if (lines.empty()) return text;
  const std::size_t tail = lines.back().size() - card::without_break(lines.back()).size();
  return text.substr(0, text.size() - tail);
}

/// As ==, but a NaN is the same as a NaN.
bool same(const ordered_json& a, const ordered_json& b) {
  if (a.is_number_float() && b.is_number_float()) {
    const double x = a.get<double>();
    const double y = b.get<double>();
    return x == y || (std::isnan(x) && std::isnan(y));
  }
  if (a.type() != b.type() || !a.is_structured()) return a == b;
  if (a.size() != b.size()) return false;
  if (a.is_array()) return std::equal(a.begin(), a.end(), b.begin(), same);
  auto other = b.items().begin();
  for (const auto& item : a.items()) {
    if (item.key() != other.key() || !same(item.value(), other.value())) return false;
    ++other;
  }
  return true;
}

/// The edit by lines; nothing where the layout does not allow it.
std::optional<std::string> edited_lines(std::string_view yaml, std::string_view key,
                                        const std::string& written) {
  const std::vector<std::string_view> lines = card::lines_of(yaml);
  const auto keys = lines_of_keys(card::with_newlines(yaml), lines);
  if (!keys) return std::nullopt;
  const auto is_key = [key](const KeyLines& k) { return k.key == key; };
  if (std::count_if(keys->begin(), keys->end(), is_key) > 1) return std::nullopt;
  const auto found = std::find_if(keys->begin(), keys->end(), is_key);
  const bool exists = found != keys->end();

  const std::size_t begin = exists ? found->begin : lines.size();
  const std::size_t end = exists ? found->end : lines.size();
  std::string out = joined(lines, 0, begin);
  const std::string_view line_break = card::line_break_of(yaml);
  if (!out.empty() && card::without_break(lines[begin - 1]).size() == lines[begin - 1].size()) {
    out += line_break;  // the last line has none
  }
  out += card::with_breaks(written, line_break);
  out += joined(lines, end, lines.size());
  return std::string(without_last_break(out));
}

}  // namespace

CardParts split_card(std::string_view card) {
  const CardParts no_block{.body = card};
  const std::size_t fence = card.find_first_not_of(kBlanksAndBreaks);
  if (fence == std::string_view::npos || !card.substr(fence).starts_with(kFence)) return no_block;
  const std::string_view after = card.substr(fence + kFence.size());
  if (!after.starts_with('\n') && !after.starts_with('\r')) return no_block;

  const std::size_t opening = fence + kFence.size() + (after.starts_with("\r\n") ? 2 : 1);
  std::size_t yaml_end = opening;  // before the break of the line last seen
  std::size_t position = opening;
  bool first = true;
  while (position < card.size()) {
    std::size_t end = card.find_first_of("\r\n", position);
    if (end == std::string_view::npos) end = card.size();
    std::size_t next = end;
    if (end < card.size()) next += card.substr(end, 2) == "\r\n" ? 2 : 1;
    const std::string_view line = card.substr(position, end - position);
    const bool closes = !first && line.starts_with(kFence) &&
                        line.find_first_not_of(" \t", kFence.size()) == std::string_view::npos;
    if (closes) {
      return {.opening = card.substr(0, opening),
              .yaml = card.substr(opening, yaml_end - opening),
              .closing = card.substr(yaml_end, next - yaml_end),
              .body = card.substr(next)};
    }
    first = false;
    yaml_end = end;
    position = next;
  }
  return no_block;
}

std::string with_key(std::string_view yaml, std::string_view key, const ordered_json& value) {
  const card::YamlSource before = card::read_yaml_source(yaml);
  ordered_json wanted = before.data;
  const std::string name(key);
  if (value.is_null()) {
    if (!wanted.contains(name)) return std::string(yaml);
    wanted.erase(name);
  } else {
    if (wanted.contains(name) && same(wanted[name], value)) return std::string(yaml);
    wanted[name] = value;
  }
  const std::string written =
      value.is_null() ? "" : card::write_yaml(ordered_json::object({{name, value}}), before);
  if (auto edited = edited_lines(yaml, key, written)) {
    try {
      if (same(parse_front_matter(*edited), wanted)) return *edited;
    } catch (const ModelCardError&) {
      // An anchor went with the key's lines; the whole block is written anew instead.
    }
  }
  const std::string anew = card::write_yaml(wanted, before);
  return std::string(without_last_break(card::with_breaks(anew, card::line_break_of(yaml))));
}

}  // namespace torchhub
