#pragma once

#include "server/hub_client.h"
#include "torchhub/xet/shard.h"
#include "torchhub/xet/xorb_writer.h"

#include <string>
#include <string_view>
#include <vector>

namespace torchhub::testing {

/// A file as a Xet client sends it: one xorb with all its chunks, and what the shard says of it.
struct XetParts {
  xet::XorbWriter::Finished xorb;
  xet::ShardFile file;

  std::string xorb_hash() const { return xorb.table.hash.text(); }
  xet::Shard shard() const;
};
XetParts cut_for_xet(std::string_view bytes, xet::Scheme scheme = xet::Scheme::lz4);

/// Some chunks of a xorb, with the proof that they are known.
xet::Term term_of(const xet::XorbTable& table, std::uint32_t start, std::uint32_t end);

/// The file of these terms, with its SHA-256.
xet::ShardFile file_of(std::string_view bytes, std::vector<xet::Term> terms);

/// Speaks the Xet part of the API for one repository.
class XetPusher {
 public:
  /// @param repo with its type, such as "models/demo/m"
  XetPusher(const HubClient& client, std::string repo)
      : client_(client), repo_(std::move(repo)), token_(ask("write")) {}
  XetPusher(const HubClient& client, std::string repo, std::string token)
      : client_(client), repo_(std::move(repo)), token_(std::move(token)) {}

  /// A new token. @param right write or read
  std::string ask(const std::string& right) const;
  void set_token(std::string token) { token_ = std::move(token); }
  const std::string& token() const { return token_; }

  Response send_xorb(const std::string& hash, std::string_view bytes) const;
  Response send_xorb(const XetParts& parts) const;
  Response send_shard(const xet::Shard& shard) const;
  Response send(const std::string& method, const std::string& target, std::string body = {}) const;
  /// The xorb and the shard; fails the test if one is refused. @return the SHA-256
  std::string push(const XetParts& parts) const;

 private:
  const HubClient& client_;
  std::string repo_;
  std::string token_;
};

}  // namespace torchhub::testing
