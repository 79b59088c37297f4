#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/server/options.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

struct CollectOptions {
  bool apply = false;  ///< Else nothing is changed.
  /// What no commit names any more is kept so long, counted from its upload; and so are things in
  /// the trash. 0: collect whatever is unused now, uploads that wait for their commit included.
  std::chrono::milliseconds grace = std::chrono::hours(14 * 24);
  Durability durability = Durability::full;
  std::shared_ptr<const Clock> clock = system_clock();
};

struct CollectedItem {
  enum class Kind {
    link,    ///< A repository gives up an LFS object that none of its commits names.
    object,  ///< An LFS object that no repository has (then): goes to the trash.
    trash,   ///< Something that was in the trash long enough: goes for good.
    upload   ///< An upload that nobody finished within a day: goes for good.
  };
  Kind kind = Kind::object;
  std::string where = {};   ///< "model ana/bert" for links; else the name of the file.
  std::string object = {};  ///< The oid, of links and objects.
  std::uint64_t bytes = 0;
};

std::string_view to_string(CollectedItem::Kind kind);

struct CollectReport {
  bool applied = false;
  std::vector<CollectedItem> items = {};
  std::vector<std::string> warnings = {};  ///< What was left alone, and why.

  std::uint64_t count(CollectedItem::Kind kind) const;
  std::uint64_t bytes(CollectedItem::Kind kind) const;
};

/// Finds what nobody needs any more and, if asked to, takes it away: objects by way of the trash. A
/// server may run meanwhile: an object that is uploaded or committed again at that moment stays.
/// Commits count that a branch, a tag, any other ref or a reflog leads to.
/// @throws FileError, DatabaseError, Error if this is no data folder
CollectReport collect_garbage(const std::filesystem::path& data_dir,
                              const CollectOptions& options = {});

}  // namespace torchhub
