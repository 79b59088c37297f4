#pragma once

#include "server/accounts/account_store.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

enum class DiscussionStatus { draft, open, closed, merged };

/// Of one discussion. What is beyond is refused, so that an answer with all of it stays small.
inline constexpr std::size_t kMaxTitleCharacters = 200;
inline constexpr std::size_t kMaxCommentBytes = std::size_t{64} << 10;
inline constexpr std::int64_t kMaxDiscussionEvents = 10'000;
inline constexpr std::int64_t kMaxDiscussionBytes = std::int64_t{8} << 20;  ///< Of all comments.
inline constexpr std::int64_t kMaxCommentEdits = 100;

/// Who did something; empty once the account is gone.
struct Actor {
  std::string id = {};
  std::string name = {};
};

/// A discussion or pull request.
struct Discussion {
  std::string repo_id;
  std::int64_t num = 0;
  bool is_pull_request = false;
  std::string title = {};
  DiscussionStatus status = DiscussionStatus::open;
  Actor author = {};
  TimePoint created = {};
  std::int64_t comments = 0;
  // Of pull requests:
  std::string base = {};          ///< "refs/heads/main"
  std::string start = {};         ///< The commit that it was made from.
  std::string head = {};          ///< The newest commit that its events tell of.
  std::string merge_commit = {};  ///< Once it is merged.
  std::string merging = {};       ///< A merge was about to move `base` here.
  std::string merger = {};        ///< Account id of who started that.

  /// "refs/pr/3"
  std::string ref() const { return "refs/pr/" + std::to_string(num); }
  /// "Discussion 3" or "Pull request 3", for messages.
  std::string called() const {
    return (is_pull_request ? "Pull request " : "Discussion ") + std::to_string(num);
  }
};

struct CommentText {
  std::string raw;
  TimePoint time = {};
};

/// One line of a discussion's history.
struct DiscussionEvent {
  std::string id;    ///< 24 hex digits.
  std::string type;  ///< comment, status-change, title-change or commit, as on the wire.
  Actor author = {};
  TimePoint created = {};
  std::string data = {};                ///< JSON of everything but a comment, as on the wire.
  bool hidden = false;                  ///< Of a comment; its texts are gone for good.
  std::vector<CommentText> texts = {};  ///< Of a comment, oldest first.
};

/// A commit as a discussion tells of it.
struct PushedCommit {
  std::string oid;
  std::string subject;
};

struct DiscussionFilter {
  std::optional<bool> pull_requests = std::nullopt;
  std::optional<bool> open = std::nullopt;  ///< Drafts count as open, merged ones as closed.
  std::string author = {};                  ///< Empty for all.
};

std::string_view to_string(DiscussionStatus status);

/// The number in "refs/pr/3"; nothing for any other name.
std::optional<std::int64_t> pull_request_number(std::string_view ref);

}  // namespace torchhub::server
