#include "torchhub/base/glob.h"

#include <algorithm>
#include <optional>

namespace torchhub {
namespace {

/// The character at the head of `text`, in UTF-8; a byte that begins none counts as one.
char32_t first_character(std::string_view text, std::size_t& length) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  length = 1;
  if (byte(0) < 0xC0) return byte(0);
  const std::size_t wanted = byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (wanted > text.size()) return byte(0);
  char32_t character = byte(0) & (0xFF >> (wanted + 1));
  for (std::size_t i = 1; i < wanted; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return byte(0);
    character = (character << 6) | (byte(i) & 0x3F);
  }
  length = wanted;
  return character;
}

std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  for (std::size_t length = 0; !text.empty(); text.remove_prefix(length)) {
    characters += first_character(text, length);
  }
  return characters;
}

struct CharacterClass {
  bool negated = false;
  std::u32string_view members;
  std::size_t length;  // of the whole class in the pattern, brackets included

  bool contains(char32_t c) const {
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i + 2 < members.size() && members[i + 1] == U'-') {
        if (members[i] <= c && c <= members[i + 2]) return !negated;
        i += 2;
      } else if (members[i] == c) {
        return !negated;
      }
    }
    return negated;
  }
};

/// The class that starts at the head of `pattern`, or nothing: then `[` stands for itself.
std::optional<CharacterClass> class_at(std::u32string_view pattern) {
  std::size_t start = 1;
  const bool negated = start < pattern.size() && pattern[start] == U'!';
  if (negated) ++start;
  const std::size_t end = pattern.find(U']', start + 1);  // a `]` first is a member
  if (end == std::u32string_view::npos) return std::nullopt;
  return CharacterClass{negated, pattern.substr(start, end - start), end + 1};
}

/// How many pattern characters match the one character `c`; 0 if they do not.
std::size_t matched_length(std::u32string_view pattern, char32_t c) {
  if (pattern.front() == U'?') return 1;
  if (pattern.front() == U'[') {
    if (const auto set = class_at(pattern)) return set->contains(c) ? set->length : 0;
  }
  return pattern.front() == c ? 1 : 0;
}

bool matches(std::u32string_view pattern, std::u32string_view text) {
  // Only the last `*` ever needs to be tried again.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::u32string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == U'*') {
      star = p++;
      star_text = t;
      continue;
    }
    const std::size_t length = p < pattern.size() ? matched_length(pattern.substr(p), text[t]) : 0;
    if (length > 0) {
      p += length;
      ++t;
    } else if (star != std::u32string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of(U'*', p) == std::u32string_view::npos;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  return matches(characters_of(pattern), characters_of(text));
}

bool PathFilter::takes(std::string_view path) const {
  const auto fits = [path](const std::string& pattern) {
    return glob_matches(pattern.ends_with('/') ? pattern + "*" : pattern, path);
  };
  return (allow.empty() || std::any_of(allow.begin(), allow.end(), fits)) &&
         std::none_of(ignore.begin(), ignore.end(), fits);
}

bool PathFilter::refuses_all_below(std::string_view folder) const {
  // `*` matches `/` too: a pattern that ends so and matches the folder matches all that lies below.
  return std::any_of(ignore.begin(), ignore.end(), [folder](const std::string& pattern) {
    return pattern.ends_with('*') && glob_matches(pattern, folder);
  });
}

}  // namespace torchhub
