#include "server/store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

namespace torchhub::server {
namespace {

[[noreturn]] void fail(sqlite3* database, std::string_view doing, int code) {
  const char* text = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  throw DatabaseError(fmt::format("The hub's database failed to {}: {}.", doing, text),
                      database != nullptr ? sqlite3_extended_errcode(database) : code);
}

/// Adds what passes until its end.
class Stopwatch {
 public:
  explicit Stopwatch(TimeSpent* spent) : spent_(spent) {}
  ~Stopwatch() {
    if (spent_ == nullptr) return;
    const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - start_;
    spent_->fetch_add(passed.count(), std::memory_order_relaxed);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  TimeSpent* spent_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

bool DatabaseError::is_duplicate() const {
  return code_ == SQLITE_CONSTRAINT_UNIQUE || code_ == SQLITE_CONSTRAINT_PRIMARYKEY;
}

bool DatabaseError::is_orphan() const { return code_ == SQLITE_CONSTRAINT_FOREIGNKEY; }

bool DatabaseError::is_full() const { return (code_ & 0xff) == SQLITE_FULL; }

bool DatabaseError::is_busy() const { return (code_ & 0xff) == SQLITE_BUSY; }

bool DatabaseError::is_read_only() const { return (code_ & 0xff) == SQLITE_READONLY; }

void StatementSlot::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement::Statement(sqlite3* database, std::string_view sql, StatementSlot* slot, TimeSpent* spent)
    : database_(database), slot_(slot), spent_(spent) {
  if (slot != nullptr) statement_ = std::move(slot->resting);
  if (statement_) return;
  sqlite3_stmt* fresh = nullptr;
  const unsigned flags = slot != nullptr ? SQLITE_PREPARE_PERSISTENT : 0;
  const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), flags,
                                      &fresh, nullptr);
  if (code != SQLITE_OK) fail(database, "prepare a statement", code);
  statement_.reset(fresh);
}

Statement::~Statement() {
  // The same text may be in use twice at once: the second to end finds the slot taken.
  if (slot_ == nullptr || slot_->resting) return;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  slot_->resting = std::move(statement_);
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(statement_.get(), next_++, text.data() != nullptr ? text.data() : "",
                    static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), next_++, number);
  return *this;
}

Statement& Statement::bind(std::span<const std::byte> bytes) {
  sqlite3_bind_blob64(statement_.get(), next_++, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(statement_.get(), next_++);
  return *this;
}

bool Statement::step() {
  const Stopwatch watch(spent_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(database_, "run a statement", code);
  return false;
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Connection::Connection(const std::filesystem::path& path, Durability durability,
                       const ConnectionOptions& options)
    : spent_(options.spent) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                    (options.if_missing == IfMissing::create ? SQLITE_OPEN_CREATE : 0);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);  // also after a failure, and before anything else can throw
  if (code != SQLITE_OK) {
    throw DatabaseError(
        fmt::format("Cannot open the hub's database '{}': {}. Check that the folder is writable.",
                    path.string(), sqlite3_errstr(code)),
        code);
  }
  wait_at_most(options.wait);
  script("PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;");
  script(durability == Durability::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
}

void Connection::Close::operator()(sqlite3* handle) const { sqlite3_close(handle); }

StatementSlot* Connection::slot_of(std::string_view sql) {
  // Far more than the server has; a text that is made up for one call must not push these out.
  constexpr std::size_t kKeep = 200;
  const auto found = slots_.find(sql);
  if (found != slots_.end()) return &found->second;
  return slots_.size() < kKeep ? &slots_[std::string(sql)] : nullptr;
}

std::int64_t Connection::changes() const { return sqlite3_changes(handle_.get()); }

void Connection::script(const std::string& sql) {
  const Stopwatch watch(spent_);
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_.get(), "run a script", code);
}

void Connection::wait_at_most(std::chrono::milliseconds time) {
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(time.count()));
}

void Connection::copy_to(const std::filesystem::path& file) {
  Connection target(file, Durability::relaxed);  // whoever wants it durable flushes the file
  sqlite3_backup* copy = sqlite3_backup_init(target.handle_.get(), "main", handle_.get(), "main");
  if (copy == nullptr) fail(target.handle_.get(), "be copied", SQLITE_ERROR);
  const int code = sqlite3_backup_step(copy, -1);
  sqlite3_backup_finish(copy);
  if (code != SQLITE_DONE) fail(target.handle_.get(), "be copied", code);
  // One file, without a log beside it.
  target.script("PRAGMA journal_mode=DELETE");
}

WriteTransaction::WriteTransaction(Connection& connection) : connection_(connection) {
  connection_.script("BEGIN IMMEDIATE");
}

WriteTransaction::~WriteTransaction() {
  if (!open_) return;
  try {
    connection_.script("ROLLBACK");
  } catch (const DatabaseError&) {
    // SQLite has rolled back by itself (disk full, for one).
  }
}

void WriteTransaction::commit() {
  connection_.script("COMMIT");
  open_ = false;
}

Database::Database(std::filesystem::path path, Durability durability,
                   std::chrono::milliseconds wait)
    : path_(std::move(path)), durability_(durability), wait_(wait) {
  auto connection = std::make_unique<Connection>(
      path_, durability_, ConnectionOptions{.wait = wait_, .spent = &spent_});
  migrate(*connection, path_);
  idle_.push_back(std::move(connection));
}

std::unique_ptr<Connection> Database::open(std::chrono::milliseconds wait) const {
  // An empty database in place of one that was taken away would answer, and wrongly.
  return std::make_unique<Connection>(
      path_, durability_,
      ConnectionOptions{.wait = wait, .if_missing = IfMissing::fail, .spent = &spent_});
}

std::unique_ptr<Connection> Database::open_for_a_check() const {
  constexpr std::chrono::milliseconds kMost = std::chrono::seconds(1);
  return open(std::min(kMost, wait_));
}

Database::Lease Database::lease() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(connection)};
    }
  }
  return {*this, open(wait_)};
}

void Database::check_reading() const {
  const auto fresh = open_for_a_check();
  for (const char* table : {"account", "token", "repo"}) {
    fresh->prepare(fmt::format("SELECT * FROM {} LIMIT 1", table)).step();
  }
}

void Database::check_writing() const {
  const auto fresh = open_for_a_check();
  const WriteTransaction rolled_back(*fresh);
}

Database::Lease::~Lease() {
  // A thread for each connection: fewer would be opened and prepared anew under load. One that
  // rests takes some 100 KB.
  constexpr std::size_t kKeep = 32;
  if (!connection_) return;
  const std::lock_guard lock(pool_.mutex_);
  if (pool_.idle_.size() < kKeep) pool_.idle_.push_back(std::move(connection_));
}

}  // namespace torchhub::server
