#include "torchhub/wire/commit_lines.h"

#include "torchhub/base/base64.h"
#include "torchhub/base/error.h"
#include "torchhub/base/utf8.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <map>

namespace torchhub {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPathBytes = 1024;
constexpr std::size_t kMaxPartBytes = 255;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxJsonDepth = 64;

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>  // C++20 needs no guide; clang before 17 does
Overloaded(Ts...)->Overloaded<Ts...>;

json entry(std::string_view key, json value) {
  return json{{"key", key}, {"value", std::move(value)}};
}

[[noreturn]] void refuse(const std::string& problem) {
  throw InvalidArgumentError("Commit line: " + problem);
}

/// What a line says, as far as any key knows it.
struct Fields {
  std::optional<std::string> key = std::nullopt;
  bool has_value = false;
  std::map<std::string, std::string, std::less<>> texts = {};  ///< Of the value.
  std::optional<std::uint64_t> size = std::nullopt;            ///< Of the value.
};

/// Keeps the fields that are known and forgets the rest at once: as a tree, a line of 28 MiB full
/// of nested lists would take gigabytes.
class LineSax final : public nlohmann::json_sax<json> {
 public:
  Fields take() { return std::move(fields_); }
  bool is_object() const { return is_object_; }
  bool is_too_deep() const { return depth_ > kMaxJsonDepth; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }

  bool number_unsigned(number_unsigned_t number) override {
    if (is_in_value() && name_ == "size") fields_.size = number;
    return true;
  }

  bool string(string_t& text) override {
    if (depth_ == 1 && name_ == "key") fields_.key = std::move(text);
    if (is_in_value() && is_known(name_)) fields_.texts[name_] = std::move(text);
    return true;
  }

  bool start_object(std::size_t) override {
    is_object_ = is_object_ || depth_ == 0;
    if (depth_ == 1 && name_ == "value") fields_.has_value = in_value_ = true;
    return enter();
  }
  bool start_array(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }

  /// The last of two equal fields wins.
  bool key(string_t& name) override {
    if (depth_ == 1 && name == "key") fields_.key.reset();
    if (depth_ == 1 && name == "value") fields_ = {.key = std::move(fields_.key)};
    if (is_in_value()) {
      fields_.texts.erase(name);
      if (name == "size") fields_.size.reset();
    }
    if (depth_ <= 2) name_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  bool is_in_value() const { return in_value_ && depth_ == 2; }

  static bool is_known(std::string_view name) {
    constexpr std::string_view kNames[] = {"summary", "description", "parentCommit",
                                           "path",    "content",     "encoding",
                                           "oid",     "srcPath",     "srcRevision"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
  }

  bool enter() { return ++depth_ <= kMaxJsonDepth; }
  bool leave() {
    if (--depth_ == 1) in_value_ = false;
    return true;
  }

  Fields fields_;
  std::string name_;  ///< The key last read, down to the value's own.
  std::size_t depth_ = 0;
  bool is_object_ = false;
  bool in_value_ = false;
};

Fields read_fields(std::string_view json_line) {
  LineSax sax;
  const bool whole = json::sax_parse(json_line.begin(), json_line.end(), &sax);
  if (sax.is_too_deep()) refuse(fmt::format("it is nested deeper than {} levels.", kMaxJsonDepth));
  if (!whole || !sax.is_object()) refuse("not a JSON object.");
  return sax.take();
}

std::optional<std::string> optional_text(Fields& value, std::string_view name) {
  const auto found = value.texts.find(name);
  if (found == value.texts.end()) return std::nullopt;
  return std::move(found->second);
}

std::string need_text(Fields& value, std::string_view name) {
  auto text = optional_text(value, name);
  if (!text) refuse(fmt::format("'{}' needs a text field '{}'.", *value.key, name));
  return *std::move(text);
}

CommitLine parse_header(Fields& value) {
  return CommitHeaderLine{need_text(value, "summary"),
                          optional_text(value, "description").value_or(""),
                          optional_text(value, "parentCommit")};
}

CommitLine parse_file(Fields& value) {
  CommitFileLine line{need_text(value, "path"), need_text(value, "content")};
  const std::string encoding = optional_text(value, "encoding").value_or("utf-8");
  if (encoding == "utf-8") return line;
  if (encoding != "base64") {
    refuse(fmt::format("unknown encoding '{}' of '{}'; use base64 or utf-8.", encoding, line.path));
  }
  auto bytes = base64_decode(line.content);
  if (!bytes) refuse(fmt::format("the content of '{}' is not valid base64.", line.path));
  line.content = std::move(*bytes);
  return line;
}

CommitLine parse_lfs_file(Fields& value) {
  return CommitLfsFileLine{need_text(value, "path"), need_text(value, "oid"), value.size};
}

CommitLine parse_copy(Fields& value) {
  return CommitCopyFileLine{need_text(value, "path"), need_text(value, "srcPath"),
                            optional_text(value, "srcRevision")};
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
  Fields value = read_fields(json_line);
  if (!value.key) refuse("'line' needs a text field 'key'.");
  const std::string key = *value.key;
  if (!value.has_value) refuse(fmt::format("'{}' needs an object 'value'.", key));
  if (key == "header") return parse_header(value);
  if (key == "file") return parse_file(value);
  if (key == "lfsFile") return parse_lfs_file(value);
  if (key == "deletedFile") return CommitDeletedFileLine{need_text(value, "path")};
  if (key == "deletedFolder") return CommitDeletedFolderLine{need_text(value, "path")};
  if (key == "copyFile") return parse_copy(value);
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
