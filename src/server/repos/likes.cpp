#include "server/repos/likes.h"

#include "server/repos/repo_columns.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

/// The number stands in the repository's row too, since lists are sorted by it.
void count_again(Connection& connection, const std::string& repo_id) {
  connection.run(
      "UPDATE repo SET likes = (SELECT COUNT(*) FROM liked WHERE liked.repo = repo.id) "
      "WHERE id = ?",
      repo_id);
}

}  // namespace

void Likes::add(const std::string& repo_id, const std::string& user_id) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run("INSERT OR IGNORE INTO liked(user, repo, at) VALUES(?,?,?)", user_id, repo_id,
                  to_milliseconds(clock_.now()));
  count_again(*connection, repo_id);
  transaction.commit();
}

void Likes::remove(const std::string& repo_id, const std::string& user_id) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run("DELETE FROM liked WHERE user = ? AND repo = ?", user_id, repo_id);
  count_again(*connection, repo_id);
  transaction.commit();
}

std::vector<Likes::Liker> Likes::of_repo(const std::string& repo_id, std::size_t skip,
                                         std::size_t limit) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      "SELECT account.name, account.fullname, liked.at FROM liked "
      "JOIN account ON account.id = liked.user WHERE liked.repo = ? "
      "ORDER BY liked.at DESC, account.id LIMIT ? OFFSET ?");
  row.bind(repo_id).bind(static_cast<std::int64_t>(limit)).bind(static_cast<std::int64_t>(skip));
  std::vector<Liker> out;
  while (row.step()) {
    out.push_back({row.text(0), row.text(1), from_milliseconds(row.number(2))});
  }
  return out;
}

std::vector<Likes::Liked> Likes::of_user(const std::string& user_id, std::size_t skip,
                                         std::size_t limit) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      fmt::format("SELECT {}, liked.at FROM liked JOIN repo ON repo.id = liked.repo "
                  "JOIN account ON account.id = repo.owner "
                  "WHERE liked.user = ? AND repo.state = 'ready' "
                  "ORDER BY liked.at DESC, repo.id LIMIT ? OFFSET ?",
                  kRepoColumns));
  row.bind(user_id).bind(static_cast<std::int64_t>(limit)).bind(static_cast<std::int64_t>(skip));
  std::vector<Liked> out;
  while (row.step()) {
    out.push_back({read_repo(row), from_milliseconds(row.number(kRepoColumnCount))});
  }
  return out;
}

}  // namespace torchhub::server
