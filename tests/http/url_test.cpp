#include "torchhub/http/url.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(PercentEncoding, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("refs/pr/1"), "refs%2Fpr%2F1");
  EXPECT_EQ(percent_encode("a-b._~Z9"), "a-b._~Z9");
  EXPECT_EQ(percent_encode("ü #?%"), "%C3%BC%20%23%3F%25");
}

TEST(PercentEncoding, LeavesTheSlashesOfAPath) {
  EXPECT_EQ(encode_path("data/my file.bin"), "data/my%20file.bin");
}

TEST(PercentEncoding, ComesBackForEveryByte) {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(bytes)), bytes);
}

TEST(PercentEncoding, LeavesABarePercentSignAlone) {
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%zz%2"), "%zz%2");
}

TEST(QueryString, IsEmptyWithoutParameters) { EXPECT_EQ(query_string({}), ""); }

TEST(QueryString, RepeatsAKeyThatIsGivenTwice) {
  EXPECT_EQ(query_string({{"expand", "a b"}, {"expand", "c&d"}}), "?expand=a%20b&expand=c%26d");
}

TEST(Origin, WritesOutTheDefaultPort) {
  EXPECT_EQ(origin_of("https://HuggingFace.co/a/b?c"), "https://huggingface.co:443");
  EXPECT_EQ(origin_of("HTTP://localhost"), "http://localhost:80");
  EXPECT_EQ(origin_of("http://localhost:8080/x"), "http://localhost:8080");
  EXPECT_EQ(origin_of("http://[::1]:8080/x"), "http://[::1]:8080");
}

TEST(Origin, IgnoresAUserNameThatLooksLikeAHost) {
  EXPECT_EQ(origin_of("https://huggingface.co@evil.example/x"), "https://evil.example:443");
  EXPECT_EQ(origin_of("https://huggingface.co:443@evil.example"), "https://evil.example:443");
}

TEST(Origin, EndsTheHostAtAQuestionMark) {
  EXPECT_EQ(origin_of("https://evil.example?@huggingface.co/"), "https://evil.example:443");
}

TEST(Origin, IsEmptyForWhatIsNotAnAbsoluteWebAddress) {
  EXPECT_EQ(origin_of("/api/x"), "");
  EXPECT_EQ(origin_of("ftp://host/x"), "");
  EXPECT_EQ(origin_of("http:///x"), "");
  EXPECT_EQ(origin_of("http://host:port/"), "");
}

TEST(ResolveUrl, KeepsTheQueryOfARelativeLocation) {
  EXPECT_EQ(resolve_url("http://h:1/a/b?x=1", "/c/d?etag=%22e%22"), "http://h:1/c/d?etag=%22e%22");
  EXPECT_EQ(resolve_url("http://h:1/a/b?x=1", "d?y"), "http://h:1/a/d?y");
  EXPECT_EQ(resolve_url("http://h:1", "d"), "http://h:1/d");
  EXPECT_EQ(resolve_url("http://h:1/a?x=1", "?y"), "http://h:1/a?y");
}

TEST(ResolveUrl, TakesAnotherHostFromTheLocation) {
  EXPECT_EQ(resolve_url("https://h/a", "https://cdn/x"), "https://cdn/x");
  EXPECT_EQ(resolve_url("https://h/a", "//cdn/x"), "https://cdn/x");
}

TEST(WithoutQuery, DropsWhatMayBeASecret) {
  EXPECT_EQ(without_query("https://cdn/x?X-Amz-Signature=s"), "https://cdn/x");
  EXPECT_EQ(without_query("https://cdn/x"), "https://cdn/x");
}

}  // namespace
}  // namespace torchhub
