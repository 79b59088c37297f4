#include "torchhub/xet/shard.h"

#include "support/golden.h"
#include "support/message_of.h"
#include "torchhub/xet/chunker.h"
#include "torchhub/xet/error.h"
#include "xet/inputs.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>

namespace torchhub::testing {
namespace {

using nlohmann::json;
using xet::Shard;
using xet::ShardFile;
using xet::Term;
using xet::XetError;

std::string golden_shard(const std::string& name) { return golden("xet/shard/" + name); }
Shard parse(std::string_view bytes) { return xet::parse_shard(bytes_of(bytes)); }
json expected() { return json::parse(golden_shard("shard.json")); }

void expect_files(const Shard& shard) {
  const json files = expected().at("files");
  ASSERT_EQ(shard.files.size(), files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const ShardFile& file = shard.files[i];
    EXPECT_EQ(file.hash.text(), files[i].at("file_hash").get<std::string>());
    EXPECT_EQ(file.sha256, files[i].at("sha256").get<std::string>());
    const json& terms = files[i].at("segments");
    ASSERT_EQ(file.terms.size(), terms.size());
    for (std::size_t t = 0; t < terms.size(); ++t) {
      const Term& term = file.terms[t];
      EXPECT_EQ(json({term.xorb.text(), term.start, term.end, term.bytes}), terms[t]);
      EXPECT_EQ(term.verification->text(), files[i].at("verification")[t].get<std::string>());
    }
  }
}

TEST(Shard, ReadsWhatTheReferenceWrote) {
  for (const char* name : {"upload.shard", "full.shard"}) {
    SCOPED_TRACE(name);
    const Shard shard = parse(golden_shard(name));
    expect_files(shard);
    ASSERT_EQ(shard.xorbs.size(), 2U);
    for (const auto& xorb : shard.xorbs) {
      EXPECT_EQ(xet::merkle_root(xorb.chunks), xorb.hash);
    }
    EXPECT_EQ(shard.xorbs[0].chunks, xet::chunks_of(bytes_of(xet_input("sm3-4M"))));
    EXPECT_EQ(shard.footer.has_value(), std::string_view(name) == "full.shard");
  }
}

TEST(Shard, WritesTheBytesThatTheReferenceWrote) {
  for (const char* name : {"upload.shard", "keyed.shard"}) {
    SCOPED_TRACE(name);
    const std::string bytes = golden_shard(name);
    EXPECT_EQ(text_of(encode_shard(parse(bytes))), bytes);
  }
}

TEST(Shard, ReadsAReplyOfTheRealService) {
  const Shard shard = parse(golden_shard("production-dedup-response.shard"));
  const json reply = expected().at("production_dedup_response");
  ASSERT_TRUE(shard.footer);
  EXPECT_EQ(shard.footer->key.text(), reply.at("hmac_key").get<std::string>());
  EXPECT_EQ(shard.footer->created, reply.at("creation").get<std::uint64_t>());
  EXPECT_EQ(shard.footer->expires, reply.at("expiry").get<std::uint64_t>());
  EXPECT_TRUE(shard.files.empty());
  ASSERT_EQ(shard.xorbs.size(), 3U);
  const xet::Hash known = hash_of(reply.at("known_plain_chunk_hash").get<std::string>());
  EXPECT_EQ(keyed_chunk_hash(known, shard.footer->key), shard.xorbs[1].chunks[0].hash);
}

TEST(Shard, ReadsWhatTheJavaScriptClientSent) {
  const Shard shard = parse(golden_shard("js-upload.shard"));
  ASSERT_EQ(shard.files.size(), 3U);
  EXPECT_TRUE(shard.footer);
  EXPECT_EQ(shard.files[1].sha256,
            "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
  ASSERT_EQ(shard.xorbs.size(), 1U);
  EXPECT_EQ(shard.xorbs[0].packed_bytes, 21427U);
  EXPECT_EQ(xet::merkle_root(shard.xorbs[0].chunks), shard.xorbs[0].hash);
}

TEST(Shard, ComesBackAsItWasWritten) {
  Shard shard;
  shard.files.push_back({xet::chunk_hash(bytes_of("f")), {}});
  shard.files.push_back({xet::chunk_hash(bytes_of("g")),
                         {{xet::chunk_hash(bytes_of("x")), 7, 0, 2}},
                         std::string(64, '5')});
  shard.xorbs.push_back({xet::chunk_hash(bytes_of("x")),
                         99,
                         {{xet::chunk_hash(bytes_of("1")), 3}, {xet::chunk_hash(bytes_of("2")), 4}},
                         {false, true}});
  EXPECT_EQ(xet::parse_shard(encode_shard(shard)), shard);
  shard.footer = xet::ShardFooter{xet::chunk_hash(bytes_of("k")), 5, 6};
  EXPECT_EQ(xet::parse_shard(encode_shard(shard)), shard);
  shard.files[1].terms[0].verification = xet::chunk_hash(bytes_of("v"));
  EXPECT_EQ(xet::parse_shard(encode_shard(shard)), shard);
}

TEST(Shard, RefusesOneThatIsCutAnywhere) {
  const std::string bytes = golden_shard("upload.shard");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(parse(bytes.substr(0, size)), XetError) << size;
  }
}

TEST(Shard, SaysWhatIsWrong) {
  const std::string good = golden_shard("upload.shard");
  const auto problem = [&](std::size_t at, std::string_view bytes) {
    std::string changed = good;
    changed.replace(at, bytes.size(), bytes);
    return message_of<XetError>([&] { parse(changed); });
  };
  EXPECT_EQ(problem(0, "X"), "it does not begin as a shard does");
  EXPECT_EQ(problem(32, "\3"), "it has the version 3, not 2");
  EXPECT_EQ(problem(40, "\7"), "its footer is said to have 7 bytes");
  EXPECT_EQ(problem(40, "\xc8"), "it ends before its footer");
  const std::string_view huge("\xff\xff\xff\xff", 4);
  EXPECT_EQ(problem(48 + 36, huge), "it announces more records than it has") << "terms";
  const std::size_t xorbs = 672;
  EXPECT_EQ(problem(xorbs + 36, huge), "it announces more records than it has") << "chunks";
  EXPECT_EQ(problem(xorbs + 40, "\1"), "a xorb in it has another length than its chunks");
  EXPECT_EQ(problem(xorbs + 96 + 32, "\1"), "the chunks of a xorb in it do not follow each other");
  const std::string large((64 << 20) + 1, '\0');
  EXPECT_EQ(message_of<XetError>([&] { parse(large); }), "it has more than 67108864 bytes");
}

}  // namespace
}  // namespace torchhub::testing
