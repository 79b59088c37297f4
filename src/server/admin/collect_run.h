#pragma once

#include "server/admin/admin_hub.h"
#include "torchhub/server/collect.h"

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

namespace torchhub::server {

/// One collection: what its parts share.
struct CollectRun {
  AdminHub& hub;
  const CollectOptions& options;
  CollectReport report = {};

  std::int64_t oldest_kept() const { return to_milliseconds(hub.now() - options.grace); }
};

/// Oids that a repository in the trash would need if it came back.
std::set<std::string> needed_by_trash(const DataFolder& folder);

/// Links to what no commit of their repository names.
void collect_links(CollectRun& run);
/// Objects without links, those of collect_links() included.
void collect_objects(CollectRun& run);
void collect_trash(CollectRun& run);
void collect_uploads(CollectRun& run);

/// Of all files below.
std::uint64_t bytes_below(const std::filesystem::path& path);

}  // namespace torchhub::server
