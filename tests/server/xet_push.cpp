#include "server/xet_push.h"

#include "torchhub/base/sha256.h"
#include "xet/inputs.h"

#include <gtest/gtest.h>

namespace torchhub::testing {

xet::Shard XetParts::shard() const {
  xet::Shard out{{file}, {{xorb.table.hash, 0, {}}}};
  for (std::size_t i = 0; i < xorb.table.chunks.size(); ++i) {
    out.xorbs[0].chunks.push_back({xorb.table.chunks[i].hash, xorb.table.raw_size(i)});
  }
  return out;
}

xet::Term term_of(const xet::XorbTable& table, std::uint32_t start, std::uint32_t end) {
  std::vector<xet::Hash> hashes;
  for (std::size_t i = start; i < end; ++i) hashes.push_back(table.chunks.at(i).hash);
  return {table.hash, table.chunks.at(end - 1).raw_end - table.raw_start(start), start, end,
          xet::verification_hash(hashes)};
}

xet::ShardFile file_of(std::string_view bytes, std::vector<xet::Term> terms) {
  return {xet::file_hash(xet::merkle_root(xet::chunks_of(bytes_of(bytes)))), std::move(terms),
          sha256_hex(bytes)};
}

XetParts cut_for_xet(std::string_view bytes, xet::Scheme scheme) {
  xet::XorbWriter writer;
  std::size_t at = 0;
  for (const xet::ChunkId& chunk : xet::chunks_of(bytes_of(bytes))) {
    EXPECT_TRUE(writer.add(bytes_of(bytes).subspan(at, chunk.length), scheme));
    at += chunk.length;
  }
  XetParts out{writer.finish(), {}};
  const auto count = static_cast<std::uint32_t>(out.xorb.table.chunks.size());
  out.file = file_of(bytes, {term_of(out.xorb.table, 0, count)});
  return out;
}

std::string XetPusher::ask(const std::string& right) const {
  const auto answer = client_.get_json("/api/" + repo_ + "/xet-" + right + "-token/main");
  return answer.is_object() ? answer.value("accessToken", "") : "";
}

Response XetPusher::send(const std::string& method, const std::string& target,
                         std::string body) const {
  return client_.send(method, target, std::move(body), {{"Authorization", "Bearer " + token_}});
}

Response XetPusher::send_xorb(const std::string& hash, std::string_view bytes) const {
  return send("POST", "/v1/xorbs/default/" + hash, std::string(bytes));
}

Response XetPusher::send_xorb(const XetParts& parts) const {
  return send_xorb(parts.xorb_hash(), text_of(parts.xorb.bytes));
}

Response XetPusher::send_shard(const xet::Shard& shard) const {
  return send("POST", "/v1/shards", text_of(encode_shard(shard)));
}

std::string XetPusher::push(const XetParts& parts) const {
  const Response xorb = send_xorb(parts);
  EXPECT_EQ(xorb.status, 200) << xorb.body;
  const Response shard = send_shard(parts.shard());
  EXPECT_EQ(shard.status, 200) << shard.body;
  return parts.file.sha256.value_or("");
}

}  // namespace torchhub::testing
