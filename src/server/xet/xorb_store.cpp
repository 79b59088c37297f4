#include "server/xet/xorb_store.h"

#include "server/accounts/account_store.h"
#include "server/http/api_error.h"
#include "server/xet/xorb_rows.h"
#include "torchhub/base/log.h"
#include "torchhub/xet/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <unordered_set>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_xorb(const xet::Hash& xorb, const std::string& why) {
  throw ApiError(400, fmt::format("The xorb {} is refused: {}.", xorb.text(), why));
}

void touch_session(Connection& connection, const XetSession& session, std::int64_t now) {
  connection.run(
      "INSERT INTO xet_session(repo, user, used) VALUES(?,?,?) "
      "ON CONFLICT(repo, user) DO UPDATE SET used = excluded.used",
      session.repo_id, session.user_id, now);
}

/// The names of all files in xet/ whose bytes are to stay.
std::unordered_set<std::string> kept_xorbs(Connection& connection) {
  Statement rows = connection.prepare("SELECT hash FROM xet_xorb WHERE kept = 1");
  std::unordered_set<std::string> out;
  while (rows.step()) out.insert(rows.text(0));
  return out;
}

/// Once the xorb is among those of the session, `more` is 0.
void need_kept_room(Connection& connection, const XetSession& session, std::uint64_t more) {
  if (session.max_kept_bytes == 0) return;
  Statement row = connection.prepare(
      "SELECT COALESCE(SUM(bytes), 0) FROM xet_xorb WHERE kept = 1 AND hash IN "
      "(SELECT xorb FROM xet_upload WHERE user = ?)");
  row.bind(session.user_id).step();
  const std::uint64_t held = static_cast<std::uint64_t>(row.number(0)) + more;
  if (held <= session.max_kept_bytes) return;
  throw ApiError(413, fmt::format("With this one the xorbs that you have sent would have {} bytes; "
                                  "they may have {}. They go an hour after their last use.",
                                  held, session.max_kept_bytes));
}

}  // namespace

XorbStore::Upload::Upload(XorbStore& store, const xet::Hash& expected, std::uint64_t bytes)
    : store_(store), expected_(expected), file_(store.folder_, bytes) {}

void XorbStore::Upload::write(std::span<const std::byte> bytes) {
  size_ += bytes.size();
  if (size_ > xet::kMaxReadXorbBytes) {
    throw ApiError(413, fmt::format("A xorb may have {} bytes.", xet::kMaxReadXorbBytes));
  }
  try {
    reader_.write(bytes);
  } catch (const xet::XetError& error) {
    refuse_xorb(expected_, error.what());
  }
  file_.write(bytes);
}

bool XorbStore::Upload::commit(const XetSession& session) {
  const xet::XorbTable table = [this] {
    try {
      return reader_.finish();
    } catch (const xet::XetError& error) {
      refuse_xorb(expected_, error.what());
    }
  }();
  if (table.hash != expected_) refuse_xorb(expected_, "its chunks give " + table.hash.text());
  file_.finish(table.packed_bytes(), store_.durability_);
  return store_.insert(session, table, file_);
}

bool XorbStore::insert(const XetSession& session, const xet::XorbTable& table, IncomingFile& file) {
  const std::string hash = table.hash.text();
  const fs::path path = folder_.xorb(hash);
  const std::int64_t now = to_milliseconds(clock_.now());
  const std::lock_guard lock(mutex_);
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  const bool kept = [&] {
    Statement row = connection->prepare("SELECT 1 FROM xet_xorb WHERE hash = ? AND kept = 1");
    return row.bind(hash).step() && fs::exists(path);  // a backup has the row alone
  }();
  // The same chunks may be packed in another way, so bytes and table come together or not at all.
  if (kept) {
    connection->run("UPDATE xet_xorb SET used = ? WHERE hash = ?", now, hash);
  } else {
    connection->run(
        "INSERT INTO xet_xorb(hash, chunks, used, kept, bytes) VALUES(?,?,?,1,?) ON CONFLICT(hash) "
        "DO UPDATE SET chunks = excluded.chunks, used = excluded.used, kept = 1, "
        "bytes = excluded.bytes",
        hash, std::span<const std::byte>(encode_chunks(table)), now,
        static_cast<std::int64_t>(table.packed_bytes()));
  }
  touch_session(*connection, session, now);
  connection->run("INSERT OR IGNORE INTO xet_upload(xorb, repo, user) VALUES(?,?,?)", hash,
                  session.repo_id, session.user_id);
  const bool is_new = connection->changes() > 0;
  if (is_new) need_kept_room(*connection, session, 0);
  if (!kept) file.move_to(path, durability_);
  faults_.reach("xet.xorb_moved");
  try {
    transaction.commit();
  } catch (const DatabaseError&) {
    std::error_code ignored;  // clean() takes what cannot go now
    if (!kept) fs::remove(path, ignored);
    throw;
  }
  return is_new;
}

std::optional<xet::XorbTable> XorbStore::table(const xet::Hash& xorb) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT chunks FROM xet_xorb WHERE hash = ?");
  if (!row.bind(xorb.text()).step()) return std::nullopt;
  return decode_chunks(xorb, row.text(0));
}

std::optional<OpenFile> XorbStore::open(const xet::Hash& xorb) const {
  const fs::path path = folder_.xorb(xorb.text());
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) return OpenFile(descriptor);
  if (errno == ENOENT) return std::nullopt;
  throw_file_error("read", path, errno);
}

std::vector<XorbPlace> XorbStore::places(const xet::Hash& xorb) const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(
      "SELECT first, past, oid, at FROM xet_place WHERE xorb = ? ORDER BY first");
  rows.bind(xorb.text());
  std::vector<XorbPlace> out;
  while (rows.step()) {
    out.push_back({xorb, static_cast<std::uint32_t>(rows.number(0)),
                   static_cast<std::uint32_t>(rows.number(1)), rows.text(2),
                   static_cast<std::uint64_t>(rows.number(3))});
  }
  return out;
}

std::optional<LfsPointer> XorbStore::object_of(const xet::Hash& file) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT oid, size FROM xet_file WHERE hash = ?");
  if (!row.bind(file.text()).step()) return std::nullopt;
  return LfsPointer{row.text(0), static_cast<std::uint64_t>(row.number(1))};
}

std::optional<std::uint64_t> XorbStore::sent_by(const std::string& user_id,
                                                const xet::Hash& xorb) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      "SELECT chunks FROM xet_xorb JOIN xet_upload ON xorb = hash "
      "WHERE hash = ? AND user = ? AND kept = 1 LIMIT 1");
  if (!row.bind(xorb.text()).bind(user_id).step()) return std::nullopt;
  if (!fs::exists(folder_.xorb(xorb.text()))) return std::nullopt;
  return decode_chunks(xorb, row.text(0)).packed_bytes();
}

void XorbStore::need_room(const XetSession& session, std::uint64_t more) const {
  auto connection = database_.lease();
  need_kept_room(*connection, session, more);
}

void XorbStore::touch(const XetSession& session) { touch(session, {}); }

void XorbStore::touch(const XetSession& session, const std::set<xet::Hash>& xorbs) {
  const std::int64_t now = to_milliseconds(clock_.now());
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  touch_session(*connection, session, now);
  for (const xet::Hash& xorb : xorbs) {
    connection->run("UPDATE xet_xorb SET used = ? WHERE hash = ?", now, xorb.text());
  }
  transaction.commit();
}

void XorbStore::remember(const std::vector<XetFile>& files, const std::vector<XorbPlace>& places) {
  const std::int64_t now = to_milliseconds(clock_.now());
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  for (const XetFile& file : files) {
    connection->run(
        "INSERT INTO xet_file(hash, oid, size, used) VALUES(?,?,?,?) "
        "ON CONFLICT(hash) DO UPDATE SET used = excluded.used",
        file.hash.text(), file.object.oid, static_cast<std::int64_t>(file.object.size), now);
  }
  for (const XorbPlace& place : places) {
    connection->run("INSERT OR IGNORE INTO xet_place(xorb, first, past, oid, at) VALUES(?,?,?,?,?)",
                    place.xorb.text(), std::int64_t{place.first}, std::int64_t{place.past},
                    place.oid, static_cast<std::int64_t>(place.at));
  }
  transaction.commit();
}

void XorbStore::clean() {
  const TimePoint now = clock_.now();
  const std::int64_t bytes_go = to_milliseconds(now - kBytesStay);
  const std::int64_t tables_go = to_milliseconds(now - kTablesStay);
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  // A clock that was ahead must not keep them for longer.
  for (const char* table : {"xet_xorb", "xet_session", "xet_file"}) {
    connection->run(fmt::format("UPDATE {} SET used = ?1 WHERE used > ?1", table),
                    to_milliseconds(now));
  }
  connection->run(
      "UPDATE xet_xorb SET kept = 0 WHERE kept = 1 AND used <= ?1 AND NOT EXISTS (SELECT 1 FROM "
      "xet_upload JOIN xet_session USING (repo, user) WHERE xorb = hash AND xet_session.used > ?1)",
      bytes_go);
  connection->run(
      "DELETE FROM xet_xorb WHERE kept = 0 AND (used <= ? OR NOT EXISTS (SELECT 1 FROM xet_place "
      "WHERE xorb = hash))",
      tables_go);
  connection->run("DELETE FROM xet_file WHERE used <= ?", tables_go);
  connection->run("DELETE FROM xet_session WHERE used <= ?", tables_go);
  const auto kept = kept_xorbs(*connection);
  transaction.commit();
  for (const auto& entry : fs::directory_iterator(folder_.xorbs())) {
    if (kept.contains(entry.path().filename().string())) continue;
    std::error_code ignored;  // what cannot go now goes the next time
    fs::remove(entry.path(), ignored);
  }
}

void XorbStore::clean_now_and_then() {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.steady_now();
  if (cleaned_ && now < *cleaned_ + std::chrono::hours(1)) return;
  cleaned_ = now;
  try {
    clean();
  } catch (const DatabaseError& error) {
    log::warning("xorbs_not_cleaned", {{"error", error.what()}});
  }
}

}  // namespace torchhub::server
