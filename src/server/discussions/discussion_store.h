#pragma once

#include "server/discussions/discussion.h"
#include "server/store/database.h"
#include "server/store/event_log.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

struct NewDiscussion {
  std::string title;
  std::string description = {};  ///< Becomes the first comment; empty for none.
};

struct NewPullRequest {
  std::string title;
  std::string description = {};
  std::string base;   ///< "refs/heads/main"
  std::string start;  ///< Commit that it goes out from.
  std::string head;   ///< Commit that its ref will stand at.
  bool draft = false;
};

struct DiscussionPage {
  std::vector<Discussion> discussions;
  std::int64_t total = 0;
};

/// Discussions and pull requests: what the database knows of them. Each change is one transaction,
/// durable when the call returns. Safe from several threads and processes.
class DiscussionStore {
 public:
  DiscussionStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// Nothing for one that is still being made.
  std::optional<Discussion> find(const std::string& repo_id, std::int64_t num) const;
  /// Newest first.
  DiscussionPage list(const std::string& repo_id, const DiscussionFilter& filter, std::size_t start,
                      std::size_t limit) const;
  /// Oldest first.
  std::vector<DiscussionEvent> events(const Discussion& of) const;
  /// @throws ApiError 404 if the discussion has no such comment
  DiscussionEvent comment(const Discussion& of, std::string_view id) const;

  /// @return its number. @throws ApiError 404 if the repository is gone
  std::int64_t open_discussion(const std::string& repo_id, const NewDiscussion& wanted,
                               const std::string& author);

  /// Takes a number of at least `least` for a pull request that nobody sees yet.
  /// @throws ApiError 404 if the repository is gone
  std::int64_t reserve(const std::string& repo_id, const NewPullRequest& wanted,
                       const std::string& author, std::int64_t least);
  /// Shows the pull request to everybody, with the commits that lead from `start` to `head`.
  void publish(const std::string& repo_id, std::int64_t num, const NewPullRequest& wanted,
               const std::string& author, const std::vector<PushedCommit>& commits);
  /// Gives a reserved number back.
  void forget(const std::string& repo_id, std::int64_t num);
  /// Pull requests that a server left half-made.
  std::vector<Discussion> half_made() const;
  /// Pull requests whose merge nobody finished.
  std::vector<Discussion> half_merged() const;

  /// `author` is an account's id here and below.
  /// @throws ApiError 409 when the discussion is full
  DiscussionEvent add_comment(const Discussion& to, const std::string& author,
                              const std::string& text);
  /// @throws ApiError 403 for somebody else's comment, 404, 409 for a hidden one
  DiscussionEvent edit_comment(const Discussion& of, std::string_view id, const std::string& author,
                               const std::string& text);
  /// Its texts go for good. @throws ApiError 404
  DiscussionEvent hide_comment(const Discussion& of, std::string_view id);
  DiscussionEvent change_title(const Discussion& of, const std::string& author,
                               const std::string& title);
  /// To open or closed. @param log goes into the event log with it
  /// @throws ApiError 409 if it is so already, or merged
  DiscussionEvent change_status(const Discussion& of, DiscussionStatus to,
                                const std::string& author, const std::string& reason,
                                const std::string& comment,
                                const std::optional<NewEvent>& log = std::nullopt);
  /// Tells of commits, unless somebody else did meanwhile: `of.head` must still be the last told.
  void add_commits(const Discussion& of, const std::vector<PushedCommit>& commits,
                   const std::string& head, const std::string& author);

  void start_merge(const Discussion& of, const std::string& commit, const std::string& merger);
  void give_up_merge(const Discussion& of);
  void finish_merge(const Discussion& of, const std::string& commit, const std::string& merger,
                    const std::string& comment);

 private:
  Database& database_;
  const Clock& clock_;
};

}  // namespace torchhub::server
