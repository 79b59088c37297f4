#include "torchhub/wire/commit_lines.h"

#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using nlohmann::json;

template <typename Line>
Line again(const Line& line) {
  const std::string text = to_ndjson(line);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const CommitLine parsed = parse_commit_line(text);
  EXPECT_TRUE(std::holds_alternative<Line>(parsed));
  return std::get<Line>(parsed);
}

std::string line_error(const std::string& text) {
  try {
    parse_commit_line(text);
  } catch (const InvalidArgumentError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CommitLines, AreWrittenAsTheHubReadsThem) {
  const auto written = [](const CommitLine& line) { return json::parse(to_ndjson(line)); };
  EXPECT_EQ(
      written(CommitHeaderLine{"Upload", "more", "abc"}),
      json::parse(
          R"({"key":"header","value":{"summary":"Upload","description":"more","parentCommit":"abc"}})"));
  EXPECT_EQ(written(CommitHeaderLine{"Upload"}),
            json::parse(R"({"key":"header","value":{"summary":"Upload","description":""}})"));
  EXPECT_EQ(written(CommitFileLine{"a.txt", "hi\n"}),
            json::parse(
                R"({"key":"file","value":{"path":"a.txt","content":"aGkK","encoding":"base64"}})"));
  EXPECT_EQ(
      written(CommitLfsFileLine{"m.bin", "ff", 7}),
      json::parse(
          R"({"key":"lfsFile","value":{"path":"m.bin","algo":"sha256","oid":"ff","size":7}})"));
  EXPECT_EQ(written(CommitDeletedFileLine{"a"}),
            json::parse(R"({"key":"deletedFile","value":{"path":"a"}})"));
  EXPECT_EQ(written(CommitDeletedFolderLine{"a"}),
            json::parse(R"({"key":"deletedFolder","value":{"path":"a/"}})"));
  EXPECT_EQ(
      written(CommitCopyFileLine{"b", "a", "main"}),
      json::parse(R"({"key":"copyFile","value":{"path":"b","srcPath":"a","srcRevision":"main"}})"));
}

TEST(CommitLines, AreReadBack) {
  const auto header = again(CommitHeaderLine{"caf\xc3\xa9 \"x\"\n", "d", "abc"});
  EXPECT_EQ(header.summary, "caf\xc3\xa9 \"x\"\n");
  EXPECT_EQ(header.description, "d");
  EXPECT_EQ(header.parent_commit, "abc");
  EXPECT_FALSE(again(CommitHeaderLine{"s"}).parent_commit);

  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const auto file = again(CommitFileLine{"a/b", bytes});
  EXPECT_EQ(file.path, "a/b");
  EXPECT_EQ(file.content, bytes);

  const auto lfs = again(CommitLfsFileLine{"m", "ff", 18'446'744'073'709'551'615U});
  EXPECT_EQ(lfs.oid, "ff");
  EXPECT_EQ(lfs.size, 18'446'744'073'709'551'615U);
  EXPECT_FALSE(again(CommitLfsFileLine{"m", "ff"}).size);

  EXPECT_EQ(again(CommitDeletedFileLine{"a"}).path, "a");
  EXPECT_EQ(again(CommitDeletedFolderLine{"a/"}).path, "a/");
  const auto copy = again(CommitCopyFileLine{"b", "a"});
  EXPECT_EQ(copy.source_path, "a");
  EXPECT_FALSE(copy.source_revision);
}

TEST(CommitLines, TakePlainTextAndUnknownFields) {
  const auto line = parse_commit_line(
      R"({"key":"file","value":{"path":"a","content":"h\u00e9","encoding":"utf-8","x":1},"y":2})");
  EXPECT_EQ(std::get<CommitFileLine>(line).content, "h\xc3\xa9");
  EXPECT_EQ(std::get<CommitFileLine>(
                parse_commit_line(R"({"key":"file","value":{"path":"a","content":"x"}})"))
                .content,
            "x");
}

TEST(CommitLines, SayWhatIsWrong) {
  EXPECT_EQ(line_error(""), "Commit line: not a JSON object.");
  EXPECT_EQ(line_error("[]"), "Commit line: not a JSON object.");
  EXPECT_EQ(line_error("{}"), "Commit line: 'line' needs a text field 'key'.");
  EXPECT_EQ(line_error(R"({"key":"file"})"), "Commit line: 'file' needs an object 'value'.");
  EXPECT_EQ(line_error(R"({"key":"file","value":{"path":1}})"),
            "Commit line: 'file' needs a text field 'path'.");
  EXPECT_EQ(line_error(R"({"key":"file","value":{"path":"a","content":"!","encoding":"base64"}})"),
            "Commit line: the content of 'a' is not valid base64.");
  EXPECT_EQ(line_error(R"({"key":"file","value":{"path":"a","content":"","encoding":"hex"}})"),
            "Commit line: unknown encoding 'hex' of 'a'; use base64 or utf-8.");
  EXPECT_EQ(line_error(R"({"key":"rename","value":{}})"), "Commit line: unknown key 'rename'.");
}

TEST(CommitLines, TakeTheLastOfTwoEqualFields) {
  const auto path_of = [](const std::string& text) {
    return std::get<CommitDeletedFileLine>(parse_commit_line(text)).path;
  };
  EXPECT_EQ(path_of(R"({"value":{"path":"a","path":"b"},"key":"deletedFile"})"), "b");
  EXPECT_EQ(path_of(R"({"key":"file","value":{"path":"a"},"key":"deletedFile"})"), "a");
  EXPECT_EQ(line_error(R"({"key":"deletedFile","value":{"path":"a"},"value":{}})"),
            "Commit line: 'deletedFile' needs a text field 'path'.");
  EXPECT_EQ(line_error(R"({"key":"deletedFile","value":{"path":"a"},"value":[]})"),
            "Commit line: 'deletedFile' needs an object 'value'.");
  EXPECT_EQ(line_error(R"({"key":"deletedFile","value":{"path":"a","path":1}})"),
            "Commit line: 'deletedFile' needs a text field 'path'.");
}

TEST(CommitLines, LookForFieldsOnlyWhereTheyBelong) {
  EXPECT_EQ(line_error(R"({"key":"deletedFile","value":{"x":{"path":"a"}}})"),
            "Commit line: 'deletedFile' needs a text field 'path'.");
  EXPECT_EQ(line_error(R"({"key":"deletedFile","other":{"path":"a"},"value":{}})"),
            "Commit line: 'deletedFile' needs a text field 'path'.");
  EXPECT_EQ(line_error(R"([{"key":"deletedFile","value":{"path":"a"}}])"),
            "Commit line: not a JSON object.");
}

TEST(CommitLines, SkipAMillionUnknownValuesButNoDeepOnes) {
  const auto line = [](const std::string& unknown) {
    return R"({"key":"deletedFile","value":{"x":)" + unknown + R"(,"path":"a"}})";
  };
  std::string wide = "[0";
  for (int i = 0; i < 1'000'000; ++i) wide += ",[]";
  EXPECT_EQ(std::get<CommitDeletedFileLine>(parse_commit_line(line(wide + "]"))).path, "a");
  EXPECT_EQ(line_error(line(std::string(62, '[') + std::string(62, ']'))), "no error");
  EXPECT_EQ(line_error(line(std::string(63, '[') + std::string(63, ']'))),
            "Commit line: it is nested deeper than 64 levels.");
  EXPECT_EQ(line_error(line(std::string(20'000'000, '['))),
            "Commit line: it is nested deeper than 64 levels.");
}

TEST(CommitLines, CutAtAnyByteAreErrors) {
  const std::string text = to_ndjson(CommitLfsFileLine{"m.bin", "ff", 7});
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    EXPECT_EQ(line_error(text.substr(0, size)), "Commit line: not a JSON object.") << size;
  }
}

TEST(CommitLines, KeepPathsThatAreNotUtf8OutOfTheBody) {
  try {
    to_ndjson(CommitDeletedFileLine{"a\xff"});
    FAIL();
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(), "Commit line: a path or text is not UTF-8; rename the file.");
  }
}

TEST(RepoPath, TakesOrdinaryPaths) {
  for (const std::string& path :
       {std::string("a"), std::string("a/b.c"), std::string(".gitattributes"),
        std::string(".github/x"), std::string("caf\xc3\xa9 x"), std::string("a..b"),
        std::string("..."), std::string(255, 'a'), std::string("git"), std::string("x.git/y")}) {
    EXPECT_EQ(problem_of_repo_path(path), std::nullopt) << path;
  }
}

TEST(RepoPath, SaysWhatIsWrong) {
  const auto problem = [](const std::string& path) {
    return problem_of_repo_path(path).value_or("fine");
  };
  EXPECT_EQ(problem(""), "it is empty");
  EXPECT_EQ(problem("/a"), "it has an empty part");
  EXPECT_EQ(problem("a//b"), "it has an empty part");
  EXPECT_EQ(problem("a/"), "it has an empty part");
  EXPECT_EQ(problem("a/./b"), "'.' parts are not allowed");
  EXPECT_EQ(problem("../a"), "'..' parts are not allowed");
  EXPECT_EQ(problem("a\\b"), "backslashes and control characters are not allowed");
  EXPECT_EQ(problem(std::string("a\0b", 3)), "backslashes and control characters are not allowed");
  EXPECT_EQ(problem("a\nb"), "backslashes and control characters are not allowed");
  EXPECT_EQ(problem(std::string(256, 'a')), "a part is longer than 255 bytes");
  EXPECT_EQ(problem("a\xff"), "it is not UTF-8");
  for (const char* path : {".git", "a/.git/config", ".GIT/x", ".git.", ".git ", "GIT~1",
                           ".git::$INDEX_ALLOCATION", ".g\u200cit", "\ufeff.git"}) {
    EXPECT_EQ(problem(path), "'.git' parts are not allowed") << path;
  }
  std::string deep = "a";
  for (int i = 1; i < 64; ++i) deep += "/a";
  EXPECT_EQ(problem(deep), "fine");
  EXPECT_EQ(problem(deep + "/a"), "it is deeper than 64 folders");
  EXPECT_EQ(problem(std::string(1025, 'a')), "it is longer than 1,024 bytes");
}

}  // namespace
}  // namespace torchhub
