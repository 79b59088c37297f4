#pragma once

#include "torchhub/base/error.h"
#include "torchhub/server/options.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace torchhub::server {

/// SQLite said no.
class DatabaseError : public Error {
 public:
  DatabaseError(const std::string& message, int code) : Error(message), code_(code) {}
  /// A UNIQUE rule was broken.
  bool is_duplicate() const;
  /// What a row points to is gone: somebody deleted it meanwhile.
  bool is_orphan() const;
  bool is_full() const;
  /// Somebody else held the lock for longer than one waits.
  bool is_busy() const;
  /// Its file, or its folder, takes no writes.
  bool is_read_only() const;

 private:
  int code_;
};

/// Where a connection keeps a prepared statement between two uses. Preparing costs several times
/// what a look-up by a key costs.
struct StatementSlot {
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> resting = nullptr;  ///< Nothing while it is in use.
};

/// Nanoseconds that several connections have spent in SQLite.
using TimeSpent = std::atomic<std::int64_t>;

/// One prepared statement, used once: bind in order, then step.
class Statement {
 public:
  /// @param slot where it rests before and afterwards; nullptr: it ends with its use
  /// @param spent is told of the time that steps take; may be nullptr
  Statement(sqlite3* database, std::string_view sql, StatementSlot* slot, TimeSpent* spent);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  /// Bytes that are no text; text() reads them back.
  Statement& bind(std::span<const std::byte> bytes);
  Statement& bind_null();
  /// @return false at the end
  bool step();
  std::string text(int column) const;
  std::int64_t number(int column) const;
  bool is_null(int column) const;

 private:
  std::unique_ptr<sqlite3_stmt, StatementSlot::Finalize> statement_;
  sqlite3* database_;
  StatementSlot* slot_;
  TimeSpent* spent_;
  int next_ = 1;
};

/// How long a statement waits for another one that writes.
inline constexpr std::chrono::milliseconds kDatabaseWait = std::chrono::seconds(10);

enum class IfMissing { create, fail };

struct ConnectionOptions {
  std::chrono::milliseconds wait = kDatabaseWait;
  IfMissing if_missing = IfMissing::create;
  /// Told of the time that statements take; must outlive the connection.
  TimeSpent* spent = nullptr;
};

/// One connection, for one thread at a time.
class Connection {
 public:
  Connection(const std::filesystem::path& path, Durability durability,
             const ConnectionOptions& options = {});
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  template <typename... Values>
  void run(std::string_view sql, const Values&... values) {
    Statement statement = prepare(sql);
    (statement.bind(values), ...);
    while (statement.step()) {
    }
  }
  /// The statement must not outlive the connection, nor the lease that it came from.
  Statement prepare(std::string_view sql) { return {handle_.get(), sql, slot_of(sql), spent_}; }
  /// How many rows the last statement changed.
  std::int64_t changes() const;
  void script(const std::string& sql);
  /// From now on. @see kDatabaseWait
  void wait_at_most(std::chrono::milliseconds time);
  /// The database as it is at one moment, into a new file; writers go on meanwhile.
  void copy_to(const std::filesystem::path& file);

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  /// nullptr if the connection keeps enough statements already.
  StatementSlot* slot_of(std::string_view sql);

  TimeSpent* spent_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::map<std::string, StatementSlot, std::less<>> slots_;  // after handle_: it closes last
};

/// BEGIN IMMEDIATE, so that two writers queue instead of failing half-way. Rolls back unless
/// commit() was called.
class WriteTransaction {
 public:
  explicit WriteTransaction(Connection& connection);
  ~WriteTransaction();
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  void commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

/// The accounts and the index of repositories: SQLite in WAL mode, migrated when opened. Other
/// processes may use it at the same time.
class Database {
 public:
  /// @throws DatabaseError, Error if a newer torchhub made it
  Database(std::filesystem::path path, Durability durability,
           std::chrono::milliseconds wait = kDatabaseWait);

  /// A connection of one's own until the end of the scope. Safe from several threads.
  class Lease {
   public:
    Lease(Database& pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Connection& operator*() & { return *connection_; }
    Connection* operator->() & { return connection_.get(); }
    // A statement prepared through a lease without a name would outlive it, and step on a
    // connection that another thread has by then. Name the lease, or use Database::run().
    Connection& operator*() && = delete;
    Connection* operator->() && = delete;

   private:
    Database& pool_;
    std::unique_ptr<Connection> connection_;
  };
  Lease lease();
  /// In SQLite, by all connections together: waiting for other writers and for the disk included.
  std::chrono::nanoseconds time_spent() const { return std::chrono::nanoseconds(spent_.load()); }
  /// One statement, to its end.
  template <typename... Values>
  void run(std::string_view sql, const Values&... values) {
    Lease connection = lease();
    connection->run(sql, values...);
  }

  /// Reads rows from the disk, past what connections remember. Within a second or so.
  /// @throws DatabaseError
  void check_reading() const;
  /// Begins to write, and does not. The same. @throws DatabaseError, also if somebody else writes
  /// all the time
  void check_writing() const;

 private:
  /// A connection that nobody has used yet.
  std::unique_ptr<Connection> open(std::chrono::milliseconds wait) const;
  std::unique_ptr<Connection> open_for_a_check() const;

  std::filesystem::path path_;
  Durability durability_;
  std::chrono::milliseconds wait_;
  mutable TimeSpent spent_ = 0;  // before the connections, which point to it
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
};

/// Step N brings the tables of version N to version N + 1.
std::span<const char* const> migration_steps();
/// Brings the tables up to the newest version in one transaction, after a copy of the database of
/// version N was put beside it as "<path>.vN". @throws Error if they are newer
void migrate(Connection& connection, const std::filesystem::path& path,
             std::span<const char* const> steps = migration_steps());

}  // namespace torchhub::server
