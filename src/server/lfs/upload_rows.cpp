#include "server/lfs/upload_rows.h"

#include "server/accounts/account_store.h"

#include <fmt/format.h>

#include <chrono>

namespace torchhub::server {
namespace {

constexpr std::chrono::hours kLifetime{24};
constexpr std::string_view kSelectUpload = "SELECT id, repo, oid, size, chunk FROM lfs_upload";

UnfinishedUpload read_row(const Statement& row) {
  return {row.text(0),
          row.text(1),
          {row.text(2), static_cast<std::uint64_t>(row.number(3))},
          static_cast<std::uint64_t>(row.number(4))};
}

std::vector<UnfinishedUpload> read_uploads(Statement& rows) {
  std::vector<UnfinishedUpload> out;
  while (rows.step()) out.push_back(read_row(rows));
  return out;
}

}  // namespace

std::optional<UnfinishedUpload> UploadRows::find(const std::string& repo_id,
                                                 const LfsPointer& object) const {
  auto connection = database_.lease();
  Statement row =
      connection->prepare(fmt::format("{} WHERE repo = ? AND oid = ? AND size = ?", kSelectUpload));
  row.bind(repo_id).bind(object.oid).bind(static_cast<std::int64_t>(object.size));
  if (!row.step()) return std::nullopt;
  return read_row(row);
}

std::vector<UnfinishedUpload> UploadRows::all() const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(kSelectUpload);
  return read_uploads(rows);
}

std::int64_t UploadRows::elsewhere(const std::string& repo_id, std::string_view oid) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      "SELECT count(*) FROM lfs_upload JOIN repo ON repo.id = lfs_upload.repo "
      "WHERE lfs_upload.oid = ? AND repo.id <> ? "
      "AND repo.owner = (SELECT owner FROM repo WHERE id = ?)");
  row.bind(oid).bind(repo_id).bind(repo_id);
  row.step();
  return row.number(0);
}

void UploadRows::add(const UnfinishedUpload& upload) {
  const std::int64_t now = to_milliseconds(clock_.now());
  database_.run(
      "INSERT INTO lfs_upload(id, repo, oid, size, chunk, created, touched) VALUES(?,?,?,?,?,?,?)",
      upload.id, upload.repo_id, upload.object.oid, static_cast<std::int64_t>(upload.object.size),
      static_cast<std::int64_t>(upload.chunk_bytes), now, now);
}

bool UploadRows::add_part(const std::string& id, std::uint64_t number) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run("UPDATE lfs_upload SET touched = ? WHERE id = ?", to_milliseconds(clock_.now()),
                  id);
  if (connection->changes() == 0) return false;
  connection->run("INSERT OR IGNORE INTO lfs_upload_part(upload, number) VALUES(?,?)", id,
                  static_cast<std::int64_t>(number));
  transaction.commit();
  return true;
}

std::set<std::uint64_t> UploadRows::parts(const std::string& id) const {
  auto connection = database_.lease();
  Statement rows = connection->prepare("SELECT number FROM lfs_upload_part WHERE upload = ?");
  rows.bind(id);
  std::set<std::uint64_t> out;
  while (rows.step()) out.insert(static_cast<std::uint64_t>(rows.number(0)));
  return out;
}

void UploadRows::remove(const std::string& id) {
  database_.run("DELETE FROM lfs_upload WHERE id = ?", id);
}

std::vector<UnfinishedUpload> UploadRows::outdated() {
  const auto now = clock_.now();
  // A clock that was ahead must not keep them for longer.
  database_.run("UPDATE lfs_upload SET touched = ? WHERE touched > ?", to_milliseconds(now),
                to_milliseconds(now));
  auto connection = database_.lease();
  Statement rows = connection->prepare(
      fmt::format("{} WHERE touched <= ? OR EXISTS (SELECT 1 FROM repo_lfs WHERE repo_lfs.repo = "
                  "lfs_upload.repo AND repo_lfs.oid = lfs_upload.oid)",
                  kSelectUpload));
  rows.bind(to_milliseconds(now - kLifetime));
  return read_uploads(rows);
}

}  // namespace torchhub::server
