// Writes YAML as PyYAML 6.0 does (`emitter.py`, default_flow_style=False, allow_unicode=True,
// sort_keys=False, width 80), since tools compare cards byte for byte.
#include "card/code_points.h"
#include "card/yaml_scalar.h"
#include "card/yaml_source.h"
#include "torchhub/base/python_format.h"
#include "torchhub/card/front_matter.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <string>
#include <string_view>

namespace torchhub {
namespace card {
namespace {

using namespace std::string_view_literals;
using ordered_json = nlohmann::ordered_json;

constexpr std::size_t kWidth = 80;
constexpr std::size_t kLongestSimpleKey = 128;
constexpr auto kBreaks = U"\n\u0085\u2028\u2029"sv;
constexpr auto kBlanksAndBreaks = U"\0 \t\r\n\u0085\u2028\u2029"sv;

bool in(std::u32string_view set, char32_t c) { return set.find(c) != std::u32string_view::npos; }

bool is_printable(char32_t c) {
  return c == U'\n' || (c >= 0x20 && c <= 0x7E) || c == 0x85 || (c >= 0xA0 && c <= 0xD7FF) ||
         (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF) || (c >= 0x10000 && c < 0x10FFFF);
}

/// Which styles can carry a text, `analyze_scalar` of PyYAML.
struct Styles {
  bool plain = true;
  bool single_quoted = true;
  bool multiline = false;
};

bool has_block_indicator(std::u32string_view text) {
  if (text.starts_with(U"---") || text.starts_with(U"...")) return true;
  if (in(U"#,[]{}&*!|>'\"%@`", text.front())) return true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool before_blank = i + 1 >= text.size() || in(kBlanksAndBreaks, text[i + 1]);
    const bool after_blank = i == 0 || in(kBlanksAndBreaks, text[i - 1]);
    if (text[i] == U':' && before_blank) return true;
    if (i == 0 && (text[i] == U'?' || text[i] == U'-') && before_blank) return true;
    if (text[i] == U'#' && after_blank) return true;
  }
  return false;
}

Styles styles_of(std::u32string_view text) {
  Styles styles;
  if (text.empty()) return {.plain = false};
  const auto is_edge = [](char32_t c) { return c == U' ' || in(kBreaks, c); };
  if (is_edge(text.front()) || is_edge(text.back()) || has_block_indicator(text)) {
    styles.plain = false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_printable(text[i])) styles.plain = styles.single_quoted = false;
    if (!in(kBreaks, text[i])) continue;
    styles.multiline = true;
    styles.plain = false;
    const bool space_before = i > 0 && text[i - 1] == U' ';
    const bool space_after = i + 1 < text.size() && text[i + 1] == U' ';
    // PyYAML single-quotes the last two of these, but yaml-cpp 0.7 to 0.9 misreads what it wrote.
    const bool is_last = i + 1 == text.size();
    if (space_before || space_after || is_last || text[i] != U'\n') styles.single_quoted = false;
  }
  return styles;
}

/// What stood at a place before: its value, and its words as YamlSource has them.
struct Before {
  const ordered_json* value = nullptr;
  const ordered_json* words = nullptr;

  Before at(const std::string& key) const {
    if (value == nullptr || !value->is_object() || !words->is_object()) return {};
    const auto held = value->find(key);
    const auto word = words->find(key);
    if (held == value->end() || word == words->end()) return {};
    return {&*held, &*word};
  }

  Before at(std::size_t index) const {
    if (value == nullptr || !value->is_array() || !words->is_array()) return {};
    if (index >= value->size() || index >= words->size()) return {};
    return {&(*value)[index], &(*words)[index]};
  }

  /// The text that `now` had, unless it is no more than itself.
  const std::string* text_of(const ordered_json& now) const {
    if (value == nullptr || !words->is_string() || value->type() != now.type() || *value != now) {
      return nullptr;
    }
    const auto& text = words->get_ref<const std::string&>();
    return plain_kind(text) == PlainKind::text ? nullptr : &text;
  }
};

class Writer {
 public:
  void map(const ordered_json& data, std::size_t indent, bool first_line_begun, Before before) {
    for (const auto& item : data.items()) {
      if (!first_line_begun) start_line(indent);
      first_line_begun = false;
      key(item.key(), indent);
      value(item.value(), indent, before.at(item.key()));
    }
  }

  std::string finish() {
    if (!out_.empty()) out_ += '\n';
    return std::move(out_);
  }

 private:
  void key(const std::string& name, std::size_t indent) {
    const std::u32string text = code_points(name);
    const Styles styles = styles_of(text);
    if (text.empty() || styles.multiline || text.size() >= kLongestSimpleKey) {
      put(U"?");
      scalar(text, styles, name, indent + 2, true);
      start_line(indent);
    } else {
      scalar(text, styles, name, indent + 2, false, false);
    }
    put(U":");
  }

  void value(const ordered_json& v, std::size_t indent, Before before) {
    if (v.is_object() && !v.empty()) return map(v, indent + 2, false, before);
    if (v.is_array() && !v.empty()) return list(v, indent, false, before);
    leaf(v, indent + 2, before);
  }

  void list(const ordered_json& items, std::size_t indent, bool first_line_begun, Before before) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const ordered_json& item = items[i];
      if (!first_line_begun) start_line(indent);
      first_line_begun = false;
      put(U"-");
      if (item.is_object() && !item.empty()) {
        put(U" ");
        map(item, indent + 2, true, before.at(i));
      } else if (item.is_array() && !item.empty()) {
        put(U" ");
        list(item, indent + 2, true, before.at(i));
      } else {
        leaf(item, indent + 2, before.at(i));
      }
    }
  }

  void leaf(const ordered_json& v, std::size_t indent, Before before) {
    if (const std::string* text = before.text_of(v)) {
      if (!text->empty()) put_ascii(" " + *text);
      return;
    }
    if (v.is_string()) {
      const auto& bytes = v.get_ref<const std::string&>();
      const std::u32string text = code_points(bytes);
      return scalar(text, styles_of(text), bytes, indent, true);
    }
    put(U" ");
    put_ascii(literal(v));
  }

  static std::string literal(const ordered_json& v) {
    if (v.is_object()) return "{}";
    if (v.is_array()) return "[]";
    if (!v.is_number_float()) return v.dump();
    const double number = v.get<double>();
    if (std::isnan(number)) return ".nan";
    if (std::isinf(number)) return number > 0 ? ".inf" : "-.inf";
    std::string text = python_repr(number);
    const std::size_t e = text.find('e');  // YAML 1.1 sees a float only where there is a point
    if (e != std::string::npos && text.find('.') == std::string::npos) text.insert(e, ".0");
    return text;
  }

  void scalar(std::u32string_view text, const Styles& styles, std::string_view bytes,
              std::size_t indent, bool blank_before, bool fold = true) {
    if (blank_before) put(U" ");
    if (styles.plain && plain_kind(bytes) == PlainKind::text) {
      plain(text, indent, fold);
    } else if (styles.single_quoted && (fold || !styles.multiline)) {
      single_quoted(text, indent, fold);
    } else {
      double_quoted(text, indent, fold);
    }
  }

  void plain(std::u32string_view text, std::size_t indent, bool fold) {
    std::size_t start = 0;
    while (start < text.size()) {
      const std::size_t end = run_end(text, start, text[start] == U' ');
      if (fold && end - start == 1 && text[start] == U' ' && column_ > kWidth) {
        start_line(indent);
      } else {
        put(text.substr(start, end - start));
      }
      start = end;
    }
  }

  /// End of the run of blanks, or of other characters, that starts at `start`.
  static std::size_t run_end(std::u32string_view text, std::size_t start, bool blanks) {
    std::size_t end = start;
    while (end < text.size() && (text[end] == U' ') == blanks) ++end;
    return end;
  }

  void single_quoted(std::u32string_view text, std::size_t indent, bool fold) {
    put(U"'");
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] == U' ') {
        const std::size_t end = run_end(text, i, true);
        const bool inside = i != 0 && end != text.size();
        if (fold && end - i == 1 && column_ > kWidth && inside) {
          start_line(indent);
        } else {
          put(text.substr(i, end - i));
        }
        i = end;
      } else if (in(kBreaks, text[i])) {
        // A line break alone would fold into a blank, so one more is written.
        if (text[i] == U'\n') put_break(U'\n');
        for (; i < text.size() && in(kBreaks, text[i]); ++i) put_break(text[i]);
        blanks(indent);
      } else {
        put(text[i] == U'\'' ? U"''" : text.substr(i, 1));
        ++i;
      }
    }
    put(U"'");
  }

  static std::u32string escaped(char32_t c) {
    constexpr auto kFrom = U"\0\a\b\t\n\v\f\r\x1B\"\\\u00A0\u2028\u2029"sv;
    constexpr auto kTo = U"0abtnvfre\"\\_LP"sv;  // no \N: yaml-cpp reads it as a bare byte
    const std::size_t known = kFrom.find(c);
    if (known != std::u32string_view::npos) return {U'\\', kTo[known]};
    const auto code = static_cast<unsigned>(c);
    const std::string text = c <= 0xFF     ? fmt::format("\\x{:02X}", code)
                             : c <= 0xFFFF ? fmt::format("\\u{:04X}", code)
                                           : fmt::format("\\U{:08X}", code);
    return {text.begin(), text.end()};
  }

  static bool stands_bare(char32_t c) {
    if (c == U'"' || c == U'\\' || c == 0xFEFF) return false;
    return (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF && c != 0x2028 && c != 0x2029) ||
           (c >= 0xE000 && c <= 0xFFFD);
  }

  void double_quoted(std::u32string_view text, std::size_t indent, bool fold) {
    put(U"\"");
    std::size_t start = 0;  // [start, end) is read but not yet written
    for (std::size_t end = 0; end <= text.size(); ++end) {
      if (end == text.size() || !stands_bare(text[end])) {
        put(text.substr(start, end - start));
        start = end;
        if (end < text.size()) {
          put(escaped(text[end]));
          start = end + 1;
        }
      }
      const bool may_break =
          end > 0 && end + 1 < text.size() && (text[end] == U' ' || start >= end);
      if (!fold || !may_break || column_ + end - start <= kWidth) continue;
      if (start < end) {
        put(text.substr(start, end - start));
        start = end;
      }
      put(U"\\");
      start_line(indent);
      if (text[start] == U' ') put(U"\\");
    }
    put(U"\"");
  }

  void start_line(std::size_t indent) {
    if (!out_.empty()) put_break(U'\n');
    blanks(indent);
  }

  void blanks(std::size_t count) {
    out_.append(count, ' ');
    column_ += count;
  }

  void put_break(char32_t c) {
    append_utf8(out_, c);
    column_ = 0;
  }

  void put(std::u32string_view text) {
    for (const char32_t c : text) append_utf8(out_, c);
    column_ += text.size();
  }

  void put_ascii(std::string_view text) {
    out_ += text;
    column_ += text.size();
  }

  std::string out_;
  std::size_t column_ = 0;
};

}  // namespace

std::string write_yaml(const ordered_json& data, const YamlSource& before) {
  Writer writer;
  writer.map(data, 0, false, {&before.data, &before.words});
  return writer.finish();
}

}  // namespace card

std::string write_front_matter(const nlohmann::ordered_json& data) {
  return card::write_yaml(data, {});
}

}  // namespace torchhub
