#include "server/api/discussion_json.h"

#include "server/api/html_text.h"
#include "server/api/json_body.h"
#include "server/http/api_error.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::size_t kMinTitleCharacters = 3;
constexpr const char* kHidden = "This comment has been hidden";

/// A name that is gone is left out: clients then say "deleted".
void add_author(json& to, const Actor& author) {
  if (!author.name.empty()) to["author"] = {{"name", author.name}, {"type", "user"}};
}

/// Nothing in it is markup any more: the pages that show Markdown come later.
std::string as_html(const std::string& text) { return "<p>" + escape_html(text) + "</p>"; }

json describe_text(const CommentText& text, const Actor& author) {
  json out{{"raw", text.raw}, {"html", as_html(text.raw)}, {"updatedAt", to_rfc3339(text.time)}};
  add_author(out, author);
  return out;
}

json comment_data(const DiscussionEvent& event) {
  if (event.hidden || event.texts.empty()) {
    return {{"edited", false},
            {"hidden", event.hidden},
            {"latest", describe_text(CommentText{kHidden, event.created}, event.author)},
            {"history", json::array()},
            {"numEdits", 0}};
  }
  json history = json::array();
  for (std::size_t i = 0; i + 1 < event.texts.size(); ++i) {
    history.push_back(describe_text(event.texts[i], event.author));
  }
  const std::size_t edits = history.size();
  return {{"edited", edits > 0},
          {"hidden", false},
          {"latest", describe_text(event.texts.back(), event.author)},
          {"history", std::move(history)},
          {"numEdits", edits}};
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::string trimmed(const std::string& text) {
  constexpr const char* kBlanks = " \t\r\n";
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string::npos) return "";
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

}  // namespace

json describe(const Discussion& discussion, const RepoRow& repo) {
  json out{{"num", discussion.num},
           {"title", discussion.title},
           {"status", to_string(discussion.status)},
           {"createdAt", to_rfc3339(discussion.created)},
           {"isPullRequest", discussion.is_pull_request},
           {"numComments", discussion.comments},
           {"pinned", false},
           {"repo", {{"name", repo.full_name()}, {"type", to_string(repo.type)}}}};
  add_author(out, discussion.author);
  return out;
}

json describe(const DiscussionEvent& event) {
  json out{{"id", event.id}, {"type", event.type}, {"createdAt", to_rfc3339(event.created)}};
  add_author(out, event.author);
  out["data"] = event.type == "comment" ? comment_data(event) : json::parse(event.data);
  return out;
}

std::string need_title(const json& body) {
  std::string title = trimmed(need_text(body, "title"));
  const auto characters =
      static_cast<std::size_t>(std::count_if(title.begin(), title.end(), starts_character));
  if (characters < kMinTitleCharacters || characters > kMaxTitleCharacters) {
    throw ApiError(400, fmt::format("'title' has {} characters; it must have {} to {}.", characters,
                                    kMinTitleCharacters, kMaxTitleCharacters));
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(title.begin(), title.end(), is_control)) {
    throw ApiError(400, "'title' must be one line without control characters.");
  }
  return title;
}

void need_comment_size(const std::string& text, const char* field) {
  if (text.size() <= kMaxCommentBytes) return;
  throw ApiError(
      400, fmt::format("'{}' has {} bytes; it may have {}.", field, text.size(), kMaxCommentBytes));
}

std::string need_comment(const json& body, const char* field) {
  std::string text = need_text(body, field);
  if (trimmed(text).empty()) throw ApiError(400, fmt::format("'{}' must say something.", field));
  need_comment_size(text, field);
  return text;
}

std::string optional_comment(const json& body, const char* field) {
  std::string text = optional_text(body, field).value_or("");
  if (trimmed(text).empty()) return "";
  need_comment_size(text, field);
  return text;
}

std::string title_from(std::string summary) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < summary.size(); ++i) {
    const auto byte = static_cast<unsigned char>(summary[i]);
    if (byte < 0x20 || byte == 0x7f) summary[i] = ' ';
    if (!starts_character(summary[i]) || ++characters <= kMaxTitleCharacters) continue;
    summary.resize(i);
    break;
  }
  return summary;
}

}  // namespace torchhub::server
