#include "torchhub/base/error.h"
#include "torchhub/base/python_format.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

/// Trees are walked by recursion, and Python's own reader stops near 1000.
constexpr std::size_t kMaxDepth = 512;

/// nlohmann reads strict JSON, so Python's bare words travel through it as strings that begin with
/// a mark: more U+0001 than any text of the document holds in a row.
struct BareWord {
  std::string_view word;
  double value;
};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr BareWord kBareWords[] = {
    {"NaN", std::numeric_limits<double>::quiet_NaN()},
    {"-Infinity", -kInfinity},
    {"Infinity", kInfinity},
};
constexpr std::string_view kEscapedMark = "\\u0001";

const BareWord* bare_word_at(std::string_view text) {
  const auto* found = std::find_if(std::begin(kBareWords), std::end(kBareWords),
                                   [&](const BareWord& w) { return text.starts_with(w.word); });
  return found == std::end(kBareWords) ? nullptr : found;
}

std::size_t mark_length(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size();) {
    const bool mark = text.substr(i).starts_with(kEscapedMark);
    run = mark ? run + 1 : 0;
    longest = std::max(longest, run);
    i += mark ? kEscapedMark.size() : 1;
  }
  return longest + 1;
}

/// Calls `at(i)` for each byte outside of strings.
template <typename Function>
void for_each_outside_strings(std::string_view text, Function at) {
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      in_string = !in_string;
    } else if (in_string && text[i] == '\\') {
      ++i;
    } else if (!in_string) {
      at(i);
    }
  }
}

std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for_each_outside_strings(text, [&](std::size_t i) {
    if (text[i] == '[' || text[i] == '{') deepest = std::max(deepest, ++depth);
    if ((text[i] == ']' || text[i] == '}') && depth > 0) --depth;
  });
  return deepest;
}

std::string with_marked_words(std::string_view text, std::size_t marks) {
  std::string mark;
  for (std::size_t i = 0; i < marks; ++i) mark += kEscapedMark;
  std::string out;
  out.reserve(text.size());
  std::size_t done = 0;
  for_each_outside_strings(text, [&](std::size_t i) {
    const BareWord* found = i < done ? nullptr : bare_word_at(text.substr(i));
    if (found == nullptr) return;
    out.append(text.substr(done, i - done))
        .append("\"")
        .append(mark)
        .append(found->word)
        .append("\"");
    done = i + found->word.size();
  });
  return out.append(text.substr(done));
}

void replace_marked_words(ordered_json& value, const std::string& mark) {
  if (value.is_structured()) {
    for (ordered_json& child : value) replace_marked_words(child, mark);
  } else if (value.is_string() && value.get_ref<const std::string&>().starts_with(mark)) {
    const std::string_view text = value.get_ref<const std::string&>();
    if (const BareWord* found = bare_word_at(text.substr(mark.size()))) value = found->value;
  }
}

}  // namespace

ordered_json parse_python_json(const std::string& text) {
  if (depth_of(text) > kMaxDepth) {
    throw InvalidArgumentError(fmt::format("Not valid JSON: nested deeper than {}", kMaxDepth));
  }
  try {
    if (text.find("NaN") == std::string::npos && text.find("Infinity") == std::string::npos) {
      return ordered_json::parse(text);
    }
    const std::size_t marks = mark_length(text);
    ordered_json root = ordered_json::parse(with_marked_words(text, marks));
    replace_marked_words(root, std::string(marks, '\x01'));
    return root;
  } catch (const nlohmann::json::exception& error) {
    throw InvalidArgumentError(fmt::format("Not valid JSON: {}", error.what()));
  }
}

}  // namespace torchhub
