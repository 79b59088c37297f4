#include "torchhub/base/utf8.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace torchhub {
namespace {

TEST(Utf8, AcceptsEveryLengthOfCharacter) {
  for (const char* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text));
  }
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesWhatTheStandardForbids) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x80\x80", "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xe1\x80", "\xe1\x80\x41", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xf0\x9f\x98"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(first_characters("a\xc3\xa4\xf0\x9f\x98\x80z", 3), "a\xc3\xa4\xf0\x9f\x98\x80");
  EXPECT_EQ(first_characters("ab", 3), "ab");
  EXPECT_EQ(first_characters("\x80\x80\x80\x80", 3), "\x80\x80\x80") << "no character";
  const std::string text = "a\xf0\x9f\x98\x80z";
  for (const auto& [most, front] : {std::pair<std::size_t, std::string_view>{0, ""},
                                    {1, "a"},
                                    {2, "a"},
                                    {4, "a"},
                                    {5, "a\xf0\x9f\x98\x80"},
                                    {6, text},
                                    {7, text}}) {
    EXPECT_EQ(first_bytes(text, most), front) << most;
  }
  EXPECT_EQ(first_bytes(std::string(9, '\x80'), 5).size(), 5U);
}

}  // namespace
}  // namespace torchhub
