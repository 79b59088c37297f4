#pragma once

#include "server/http/response.h"
#include "server/store/data_folder.h"
#include "server/store/database.h"
#include "server/store/fault_point.h"
#include "server/store/incoming_file.h"
#include "torchhub/base/clock.h"
#include "torchhub/wire/lfs_pointer.h"
#include "torchhub/xet/xorb_reader.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace torchhub::server {

/// Who sends, and what for: the xorbs of one session live and go together.
struct XetSession {
  std::string repo_id;
  std::string user_id;
  bool offers = false;  ///< For a pull request of who may only read (server/lfs/offers.h).
  /// Of all xorbs that the user has sent and that are here. 0: no limit.
  std::uint64_t max_kept_bytes = 0;
};

/// Some chunks of a xorb that lie side by side in an LFS object.
struct XorbPlace {
  xet::Hash xorb;
  std::uint32_t first = 0;  ///< Chunk.
  std::uint32_t past = 0;   ///< The chunk behind the last.
  std::string oid;
  std::uint64_t at = 0;  ///< Where the first begins in the object.
};

/// A file whose chunks were found to be an object.
struct XetFile {
  xet::Hash hash;
  LfsPointer object;
};

/// Xorbs that clients sent, until their files are rebuilt. Their bytes stay for an hour after the
/// session's last use; what chunks they have, and where these lie in the objects made of them, for
/// as long as clients remember what they sent. Safe from several threads.
class XorbStore {
 public:
  static constexpr std::chrono::hours kBytesStay{1};
  /// Clients keep their lists for three weeks.
  static constexpr std::chrono::hours kTablesStay{22 * 24};

  XorbStore(Database& database, const DataFolder& folder, Durability durability,
            const FaultPoint& faults, const Clock& clock)
      : database_(database),
        folder_(folder),
        durability_(durability),
        faults_(faults),
        clock_(clock) {}

  /// A xorb on its way in: checked while it arrives.
  class Upload {
   public:
    /// @param bytes as announced, 0 if they were not. @throws DiskFullError, FileError
    Upload(XorbStore& store, const xet::Hash& expected, std::uint64_t bytes);

    /// @throws ApiError 400, 413
    void write(std::span<const std::byte> bytes);
    /// Keeps it, durably. @return false if this session had sent it before. @throws ApiError 400,
    /// 413 past the session's limit
    bool commit(const XetSession& session);

   private:
    XorbStore& store_;
    xet::Hash expected_;
    std::uint64_t size_ = 0;
    xet::XorbReader reader_;
    IncomingFile file_;
  };

  std::optional<xet::XorbTable> table(const xet::Hash& xorb) const;
  /// Its bytes, in the order of its table; nothing if they are gone.
  std::optional<OpenFile> open(const xet::Hash& xorb) const;
  std::vector<XorbPlace> places(const xet::Hash& xorb) const;
  /// The object that a file was found to be.
  std::optional<LfsPointer> object_of(const xet::Hash& file) const;
  /// Did this user send it, and are its bytes here? How many there are.
  std::optional<std::uint64_t> sent_by(const std::string& user_id, const xet::Hash& xorb) const;

  /// Before a large body travels for nothing. @throws ApiError 413 if `more` bytes of new xorbs
  /// would be past the session's limit
  void need_room(const XetSession& session, std::uint64_t more) const;

  /// The session is alive; so are the xorbs that it sent.
  void touch(const XetSession& session);
  /// The session uses these, whoever sent them.
  void touch(const XetSession& session, const std::set<xet::Hash>& xorbs);
  void remember(const std::vector<XetFile>& files, const std::vector<XorbPlace>& places);

  /// Removes what has stayed long enough, unless that was done within the hour. That it cannot is
  /// logged: nobody waits for it.
  void clean_now_and_then();

 private:
  void clean();
  bool insert(const XetSession& session, const xet::XorbTable& table, IncomingFile& file);

  Database& database_;
  const DataFolder& folder_;
  Durability durability_;
  const FaultPoint& faults_;
  const Clock& clock_;
  /// Held while files in xet/ come and go, so that they and the rows agree.
  std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> cleaned_;  // guarded by mutex_
};

}  // namespace torchhub::server
