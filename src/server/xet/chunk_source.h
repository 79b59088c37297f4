#pragma once

#include "server/lfs/object_store.h"
#include "server/xet/xorb_store.h"
#include "torchhub/xet/shard.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <unordered_map>
#include <vector>

namespace torchhub::server {

/// Finds the chunks that terms name: in a xorb's bytes, or in objects that were made of them.
/// Remembers the xorbs it saw last. For one request.
class ChunkSource {
 public:
  using Take = std::function<void(std::span<const std::byte>)>;

  ChunkSource(const XorbStore& xorbs, const ObjectStore& objects, std::stop_token stop)
      : xorbs_(xorbs), objects_(objects), stop_(std::move(stop)) {}

  /// The chunks of a term whose caller has shown that he knows them.
  /// @throws ApiError 400, the same for a xorb that is not here and for one whose chunks are others
  std::vector<xet::ChunkId> checked_chunks(const xet::Term& term);

  /// The bytes of a checked term, in blocks. @throws ApiError 400 if they are gone, CancelledError
  void read(const xet::Term& term, const Take& take);

 private:
  struct Xorb {
    xet::XorbTable table;
    std::optional<OpenFile> file = std::nullopt;
    bool looked_for = false;  ///< The file and the places.
    std::vector<XorbPlace> places = {};
  };
  const std::shared_ptr<Xorb>& find(const xet::Hash& hash);
  void look_for_bytes(Xorb& xorb) const;
  void read_xorb(const Xorb& xorb, const xet::Term& term, const Take& take);
  void read_objects(const Xorb& xorb, const xet::Term& term, const Take& take) const;

  const XorbStore& xorbs_;
  const ObjectStore& objects_;
  std::stop_token stop_;
  std::unordered_map<xet::Hash, std::shared_ptr<Xorb>> seen_ = {};
  xet::ChunkDecoder decoder_ = {};
};

}  // namespace torchhub::server
