#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torchhub::testing {

struct BrokenCard {
  std::string what;
  std::string bytes;
  std::string error;  ///< What is said of it.
};

/// `text` of ASCII as UTF-16, with its byte order mark.
inline std::string as_utf16(std::string_view text, bool is_big_endian) {
  std::string out = is_big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : text) {
    if (is_big_endian) out.push_back('\0');
    out.push_back(c);
    if (!is_big_endian) out.push_back('\0');
  }
  return out;
}

/// Cards that editors, disks and other tools leave behind.
inline std::vector<BrokenCard> broken_cards() {
  const std::string card = "---\nlicense: mit\n---\n\n# Mine\n";
  const std::string wide =
      "The model card is not UTF-8 but looks like UTF-16. Save the file as UTF-8.";
  const std::string narrow = "Text of a model card is not UTF-8. Save the file as UTF-8.";
  const auto at = [](const std::string& place, const std::string& what) {
    return "The front matter of a model card cannot be read at " + place + ": " + what +
           ". Mend the block between the two '---' lines.";
  };
  std::string late_nul = "---\nlicense: mit\ndescription: " + std::string(64, 'x') + "\nb: 1";
  late_nul += std::string(1, '\0') + "\n---\n# Mine\n";
  return {
      {"byte order mark", "\xEF\xBB\xBF" + card,
       "A byte order mark stands before the front matter of the model card, so that nobody sees "
       "it. Save the file as UTF-8 without the mark."},
      {"UTF-16 LE", as_utf16(card, false), wide},
      {"UTF-16 BE", as_utf16(card, true), wide},
      {"Latin-1 value", "---\nauthor: Jos\xE9\n---\n# Mine\n", narrow},
      {"Latin-1 comment", "---\n# Jos\xE9\na: 1\n---\n# Mine\n", narrow},
      {"no end", "---\nlicense: mit\n\n# Mine\n",
       "The front matter of the model card has no line '---' that ends it, or blanks after the "
       "first one. Put '---' on a line of its own below the last key."},
      {"tab that indents", "---\ntags:\n\t- a\n---\n# Mine\n",
       at("line 2, column 2", "a tab indents this line; use spaces")},
      {"NUL at the start", std::string("---\na: \0\n---\n# Mine\n", 20),
       at("line 1, column 4", "the character U+0000 is not allowed")},
      {"NUL later", late_nul, at("line 3, column 5", "the character U+0000 is not allowed")},
      {"end of transmission", "---\na: 1\n\x04\nlicense: mit\n---\n# Mine\n",
       at("line 2, column 1", "the character U+0004 is not allowed")},
      {"nothing but NULs", std::string(512, '\0'), wide},
  };
}

/// Odd cards that are none the worse for it: `bytes` of each must outlive an edit.
struct OddCard {
  std::string what;
  std::string card;
  std::string bytes;
};

inline std::vector<OddCard> odd_cards() {
  const std::string front = "---\nlicense: mit\n---\n\n# Mine\n\n";
  const std::string nul = std::string("a \0 b", 5);
  return {
      {"Latin-1 in the text", front + "By Jos\xE9.\n", "By Jos\xE9.\n"},
      {"Latin-1 in a heading", front + "## Jos\xE9\n\nHe.\n", "## Jos\xE9\n\nHe.\n"},
      {"NUL in the text", front + nul + "\n", nul},
      {"tabs between words", "---\nlicense:\tmit\t# note\n---\n\n# Mine\n",
       "license:\tmit\t# note\n"},
      {"a mark and no front matter", "\xEF\xBB\xBF# Mine\n\nWords.\n", "\n# Mine\n\nWords.\n"},
  };
}

}  // namespace torchhub::testing
