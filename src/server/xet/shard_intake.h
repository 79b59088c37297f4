#pragma once

#include "server/hub_state.h"
#include "server/xet/chunk_source.h"
#include "torchhub/xet/shard.h"

#include <cstdint>
#include <vector>

namespace torchhub::server {

/// Makes LFS objects of a repository of the files that a shard describes. For one request.
class ShardIntake {
 public:
  ShardIntake(HubState& hub, XetSession session);

  /// All files or none. @return false if the repository had all of them
  /// @throws ApiError 400 if a file is not what the shard says, or names chunks that are not here;
  /// 413, 422; DiskFullError
  bool take(const xet::Shard& shard);

 private:
  void need_room(const xet::Shard& shard, const std::vector<std::uint64_t>& sizes) const;
  void need_still_here(const std::vector<LfsPointer>& objects) const;
  /// Makes them the repository's, or offers to it.
  void keep(const std::vector<LfsPointer>& objects);
  std::uint64_t checked_size(const xet::ShardFile& file);
  LfsPointer stored_object(const xet::ShardFile& file, std::uint64_t size);
  void rebuild(const xet::ShardFile& file, const ChunkSource::Take& take);
  void note_places(const xet::ShardFile& file, const std::string& oid);

  HubState& hub_;
  XetSession session_;
  ChunkSource source_;
  std::vector<XetFile> files_ = {};
  std::vector<XorbPlace> places_ = {};
};

}  // namespace torchhub::server
