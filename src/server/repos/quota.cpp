#include "server/repos/quota.h"

#include "server/http/api_error.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

std::uint64_t sum(Connection& connection, std::string_view sql, const std::string& id) {
  Statement row = connection.prepare(sql);
  return row.bind(id).step() ? static_cast<std::uint64_t>(row.number(0)) : 0;
}

}  // namespace

std::uint64_t used_by_account(Connection& connection, const std::string& account_id) {
  // The types are named because the index begins with them.
  return sum(connection,
             "SELECT COALESCE(SUM(repo_lfs.size), 0) FROM repo JOIN repo_lfs ON repo_lfs.repo = "
             "repo.id WHERE repo.type IN ('model', 'dataset', 'space') AND repo.owner = ? AND "
             "repo.state <> 'deleting' AND repo_lfs.offered_by IS NULL",
             account_id);
}

std::uint64_t used_by_repository(Connection& connection, const std::string& repo_id) {
  return sum(connection,
             "SELECT COALESCE(SUM(size), 0) FROM repo_lfs WHERE repo = ? AND offered_by IS NULL",
             repo_id);
}

QuotaRoom::QuotaRoom(Connection& connection, const std::string& repo_id, const Quotas& quotas) {
  if (quotas.none()) return;
  Statement row = connection.prepare(
      "SELECT account.id, account.name, repo.name FROM repo JOIN account ON account.id = "
      "repo.owner WHERE repo.id = ?");
  if (!row.bind(repo_id).step()) return;  // whoever writes for it finds out
  const std::string owner = row.text(1);
  if (quotas.repository > 0) {
    repository_ = Limit{fmt::format("The repository '{}/{}'", owner, row.text(2)),
                        used_by_repository(connection, repo_id), quotas.repository};
  }
  if (quotas.account > 0) {
    account_ = Limit{fmt::format("The account '{}'", owner),
                     used_by_account(connection, row.text(0)), quotas.account};
  }
}

std::optional<std::string> QuotaRoom::problem(const Limit& limit, std::uint64_t bytes) {
  if (limit.used <= limit.allowed && bytes <= limit.allowed - limit.used) return std::nullopt;
  return fmt::format(
      "{} uses {} of the {} bytes of large files that it may have; {} more do not fit. Delete some "
      "of its LFS files, or ask the hub's administrator for more.",
      limit.whose, limit.used, limit.allowed, bytes);
}

void need_room(Connection& connection, const std::string& repo_id, const Quotas& quotas,
               const std::vector<LfsPointer>& objects) {
  if (quotas.none()) return;
  QuotaRoom room(connection, repo_id, quotas);
  for (const LfsPointer& object : objects) {
    Statement row = connection.prepare(
        "SELECT 1 FROM repo_lfs WHERE repo = ? AND oid = ? AND offered_by IS NULL");
    if (row.bind(repo_id).bind(object.oid).step()) continue;
    if (const auto why = room.take(object.size)) throw ApiError(413, *why);
  }
}

std::optional<std::string> QuotaRoom::take(std::uint64_t bytes) {
  for (const auto* limit : {&repository_, &account_}) {
    if (!*limit) continue;
    if (auto why = problem(**limit, bytes)) return why;
  }
  if (repository_) repository_->used += bytes;
  if (account_) account_->used += bytes;
  return std::nullopt;
}

}  // namespace torchhub::server
