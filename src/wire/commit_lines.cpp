#include "torchhub/wire/commit_lines.h"

#include "torchhub/base/base64.h"
#include "torchhub/base/error.h"
#include "torchhub/base/utf8.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPathBytes = 1024;
constexpr std::size_t kMaxPartBytes = 255;
constexpr std::size_t kMaxDepth = 64;

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

json entry(std::string_view key, json value) {
  return json{{"key", key}, {"value", std::move(value)}};
}

[[noreturn]] void refuse(const std::string& problem) {
  throw InvalidArgumentError("Commit line: " + problem);
}

std::string string_field(const json& value, std::string_view key, const char* name) {
  const auto found = value.find(name);
  if (found == value.end() || !found->is_string()) {
    refuse(fmt::format("'{}' needs a text field '{}'.", key, name));
  }
  return found->get<std::string>();
}

std::optional<std::string> optional_string(const json& value, const char* name) {
  const auto found = value.find(name);
  if (found == value.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

CommitLine parse_header(const json& value) {
  return CommitHeaderLine{string_field(value, "header", "summary"),
                          optional_string(value, "description").value_or(""),
                          optional_string(value, "parentCommit")};
}

CommitLine parse_file(const json& value) {
  CommitFileLine line{string_field(value, "file", "path"), string_field(value, "file", "content")};
  const std::string encoding = optional_string(value, "encoding").value_or("utf-8");
  if (encoding == "utf-8") return line;
  if (encoding != "base64") {
    refuse(fmt::format("unknown encoding '{}' of '{}'; use base64 or utf-8.", encoding, line.path));
  }
  auto bytes = base64_decode(line.content);
  if (!bytes) refuse(fmt::format("the content of '{}' is not valid base64.", line.path));
  line.content = std::move(*bytes);
  return line;
}

CommitLine parse_lfs_file(const json& value) {
  CommitLfsFileLine line{string_field(value, "lfsFile", "path"),
                         string_field(value, "lfsFile", "oid")};
  if (const auto size = value.find("size"); size != value.end() && size->is_number_unsigned()) {
    line.size = size->get<std::uint64_t>();
  }
  return line;
}

CommitLine parse_copy(const json& value) {
  return CommitCopyFileLine{string_field(value, "copyFile", "path"),
                            string_field(value, "copyFile", "srcPath"),
                            optional_string(value, "srcRevision")};
}

/// Without the characters that HFS+ skips when it compares names (git's utf8.c `next_hfs_char`).
std::string without_ignorable(std::string_view part) {
  constexpr std::string_view kIgnorable[] = {
      "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d",
      "\u202e", "\u206a", "\u206b", "\u206c", "\u206d", "\u206e", "\u206f", "\ufeff"};
  std::string text;
  while (!part.empty()) {
    const auto* skipped = std::find_if(std::begin(kIgnorable), std::end(kIgnorable),
                                       [&](std::string_view c) { return part.starts_with(c); });
    if (skipped == std::end(kIgnorable)) text += part.front();
    part.remove_prefix(skipped == std::end(kIgnorable) ? 1 : skipped->size());
  }
  return text;
}

bool is_dot_git(std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::string text = without_ignorable(part);
  std::transform(text.begin(), text.end(), text.begin(), lower);
  // NTFS reads "git~1" and ".git::$INDEX_ALLOCATION" as .git, and drops dots and blanks at the end.
  text = text.substr(0, text.find(':'));
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text == ".git" || text == "git~1";
}

std::optional<std::string> problem_of_part(std::string_view part) {
  if (part.empty()) return "it has an empty part";
  if (part == "." || part == "..") return fmt::format("'{}' parts are not allowed", part);
  if (part.size() > kMaxPartBytes) return "a part is longer than 255 bytes";
  if (is_dot_git(part)) return "'.git' parts are not allowed";
  return std::nullopt;
}

}  // namespace

std::string to_ndjson(const CommitLine& line) {
  const json object = std::visit(
      Overloaded{
          [](const CommitHeaderLine& l) {
            json value{{"summary", l.summary}, {"description", l.description}};
            if (l.parent_commit) value["parentCommit"] = *l.parent_commit;
            return entry("header", std::move(value));
          },
          [](const CommitFileLine& l) {
            return entry(
                "file",
                {{"path", l.path}, {"content", base64_encode(l.content)}, {"encoding", "base64"}});
          },
          [](const CommitLfsFileLine& l) {
            json value{{"path", l.path}, {"algo", "sha256"}, {"oid", l.oid}};
            if (l.size) value["size"] = *l.size;
            return entry("lfsFile", std::move(value));
          },
          [](const CommitDeletedFileLine& l) {
            return entry("deletedFile", {{"path", l.path}});
          },
          [](const CommitDeletedFolderLine& l) {
            return entry("deletedFolder",
                         {{"path", l.path.ends_with('/') ? l.path : l.path + "/"}});
          },
          [](const CommitCopyFileLine& l) {
            json value{{"path", l.path}, {"srcPath", l.source_path}};
            if (l.source_revision) value["srcRevision"] = *l.source_revision;
            return entry("copyFile", std::move(value));
          },
      },
      line);
  try {
    return object.dump() + "\n";
  } catch (const json::exception&) {
    refuse("a path or text is not UTF-8; rename the file.");
  }
}

CommitLine parse_commit_line(std::string_view json_line) {
  const json object = json::parse(json_line, nullptr, false);
  if (!object.is_object()) refuse("not a JSON object.");
  const std::string key = string_field(object, "line", "key");
  const auto value = object.find("value");
  if (value == object.end() || !value->is_object()) {
    refuse(fmt::format("'{}' needs an object 'value'.", key));
  }
  if (key == "header") return parse_header(*value);
  if (key == "file") return parse_file(*value);
  if (key == "lfsFile") return parse_lfs_file(*value);
  if (key == "deletedFile") return CommitDeletedFileLine{string_field(*value, key, "path")};
  if (key == "deletedFolder") return CommitDeletedFolderLine{string_field(*value, key, "path")};
  if (key == "copyFile") return parse_copy(*value);
  refuse(fmt::format("unknown key '{}'.", key));
}

std::optional<std::string> problem_of_repo_path(std::string_view path) {
  if (path.empty()) return "it is empty";
  if (path.size() > kMaxPathBytes) return "it is longer than 1,024 bytes";
  if (!is_utf8(path)) return "it is not UTF-8";
  if (std::any_of(path.begin(), path.end(), [](char c) {
        return c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      })) {
    return "backslashes and control characters are not allowed";
  }
  std::size_t depth = 0;
  for (std::size_t start = 0; start <= path.size(); ++depth) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (auto problem = problem_of_part(path.substr(start, end - start))) return problem;
    start = end + 1;
  }
  if (depth > kMaxDepth) return "it is deeper than 64 folders";
  return std::nullopt;
}

}  // namespace torchhub
