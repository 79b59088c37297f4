#include "support/golden.h"
#include "support/message_of.h"
#include "torchhub/base/sha256.h"
#include "torchhub/xet/error.h"
#include "torchhub/xet/xorb_reader.h"
#include "torchhub/xet/xorb_writer.h"
#include "xet/byte_grouping.h"
#include "xet/inputs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub::testing {
namespace {

using nlohmann::json;
using xet::Scheme;
using xet::XetError;
using xet::XorbReader;
using xet::XorbTable;
using xet::XorbWriter;

constexpr std::string_view kMixed =
    "fedb23d1ec1e952c403dc85735c9a64783c0c461289ff0f8e51a1d2dcf3e8c5a";

struct Read {
  XorbTable table;
  std::string raw;
};

Read read(std::string_view xorb, std::size_t block = 1000) {
  Read out;
  XorbReader reader([&](std::span<const std::byte> bytes) { out.raw += text_of(bytes); });
  for (; !xorb.empty(); xorb.remove_prefix(std::min(block, xorb.size()))) {
    reader.write(bytes_of(xorb.substr(0, block)));
  }
  out.table = reader.finish();
  return out;
}

std::string mixed_bytes() {
  std::string out;
  for (const char* name : {"mix-text", "mix-bf16", "mix-f32", "mix-rand", "mix-zero"}) {
    out += xet_input(name);
  }
  return out;
}

XorbWriter mixed(Scheme scheme) {
  XorbWriter out;
  for (const char* name : {"mix-text", "mix-bf16", "mix-f32", "mix-rand", "mix-zero"}) {
    EXPECT_TRUE(out.add(bytes_of(xet_input(name)), scheme));
  }
  return out;
}

TEST(XorbReader, ReadsWhatTheReferenceWrote) {
  for (const char* name :
       {"mixed-none-footer", "mixed-lz4-footer", "mixed-bg4-lz4-footer", "mixed-auto-nofooter"}) {
    SCOPED_TRACE(name);
    const std::string xorb = golden(fmt::format("xet/xorb/{}.xorb", name));
    const Read found = read(xorb);
    EXPECT_EQ(found.table.hash.text(), kMixed);
    EXPECT_EQ(found.raw, mixed_bytes());
    EXPECT_EQ(read(xorb, 1).table, found.table);
    EXPECT_EQ(read(xorb, xorb.size()).table, found.table);
  }
}

TEST(XorbReader, ReadsWhatTheJavaScriptClientWrote) {
  const Read found = read(golden("xet/xorb/js-upload.xorb"));
  EXPECT_EQ(found.table.hash.text(),
            "09a753a21aebcbd479e6642ecf204fbeef0992a3662e3344a5dd0e9ebb4e2ba3");
  EXPECT_EQ(found.raw, xet_input("mix-text") + xet_input("hello") + xet_input("mix-bf16"));
}

TEST(XorbReader, ReadsFootersOfTheFirstVersion) {
  XorbWriter::Finished made = mixed(Scheme::none).finish();
  std::string footer("XETBLOB\0", 8);
  footer += text_of(made.table.hash.bytes);
  const auto number = [&footer](std::uint32_t value) {
    footer.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  number(5);
  for (const auto& chunk : made.table.chunks) number(chunk.packed_end);
  for (const auto& chunk : made.table.chunks) footer += text_of(chunk.hash.bytes);
  footer.append(16, '\0');
  number(60 + 36 * 5);
  EXPECT_EQ(read(text_of(made.bytes) + footer).table, made.table);
}

TEST(XorbReader, RefusesAXorbThatIsCutAnywhere) {
  const std::string xorb = text_of(mixed(Scheme::lz4).finish_with_footer().bytes);
  const std::size_t chunks = read(xorb).table.packed_bytes();
  const XorbTable whole = read(xorb).table;
  for (std::size_t size = 0; size < xorb.size(); ++size) {
    if (size > 1000 && size + 1000 < xorb.size() && size % 97 != 0) continue;  // to save time
    try {
      const XorbTable table = read(xorb.substr(0, size), 1 << 20).table;
      EXPECT_TRUE(table.chunks.size() < whole.chunks.size() || size == chunks) << size;
      EXPECT_EQ(table.hash == whole.hash, size == chunks) << size;
    } catch (const XetError&) {
    }
  }
}

TEST(XorbReader, RefusesEveryFlippedByteOrHasAnotherHash) {
  const std::string xorb = text_of(mixed(Scheme::bg4_lz4).finish_with_footer().bytes);
  const XorbTable whole = read(xorb).table;
  const std::size_t free = xorb.size() - 20;  // 16 bytes of the footer are the writer's own
  for (std::size_t at = 0; at<xorb.size(); at += at> 100 && at + 500 < xorb.size() ? 331 : 1) {
    std::string changed = xorb;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    try {
      const XorbTable found = read(changed, 1 << 20).table;
      // Bits of a frame's header may mean nothing for the bytes: then nothing else has changed.
      EXPECT_TRUE((at >= free && at < free + 16) || found.hash != whole.hash ||
                  found.chunks == whole.chunks)
          << at;
    } catch (const XetError&) {
    }
  }
}

TEST(XorbReader, SaysWhatIsWrong) {
  const auto problem = [](std::string_view xorb) {
    return message_of<XetError>([&] { read(xorb); });
  };
  const auto chunk = [](int version, int scheme, int packed, int raw) {
    std::string out(8, '\0');
    out[0] = static_cast<char>(version);
    out[4] = static_cast<char>(scheme);
    for (int i = 0; i < 3; ++i) {
      out[static_cast<std::size_t>(1 + i)] = static_cast<char>(packed >> 8 * i);
      out[static_cast<std::size_t>(5 + i)] = static_cast<char>(raw >> 8 * i);
    }
    return out;
  };
  EXPECT_EQ(problem(""), "it has no chunks");
  EXPECT_EQ(problem(chunk(0, 0, 3, 3) + "ab"), "it ends within a chunk");
  EXPECT_EQ(problem(chunk(1, 0, 3, 3)), "a chunk's header has the version 1, not 0");
  EXPECT_EQ(problem(chunk(0, 3, 3, 3)), "a chunk is packed by the scheme 3, which is not known");
  EXPECT_EQ(problem(chunk(0, 0, 3, 131073)), "a chunk has 131073 bytes; it may have 1 to 131072");
  EXPECT_EQ(problem(chunk(0, 0, 3, 0)), "a chunk has 0 bytes; it may have 1 to 131072");
  EXPECT_EQ(problem(chunk(0, 1, 262145, 3)), "a chunk has 262145 packed bytes; it may have 262144");
  EXPECT_EQ(problem(chunk(0, 0, 3, 4) + "abc"),
            "a chunk that is not packed has two lengths in its header");
  EXPECT_NE(problem(chunk(0, 1, 3, 4) + "abc").find("LZ4"), std::string::npos);
  const std::string good = text_of(mixed(Scheme::none).finish_with_footer().bytes);
  EXPECT_EQ(problem(good + "x"), "its footer is too long, or something follows it");
  EXPECT_EQ(problem(good.substr(0, good.size() - 1)),
            "its footer is not that of its chunks, or something follows it");
}

TEST(XorbReader, RefusesAFrameThatHoldsMoreOrLessThanItsHeaderSays) {
  const std::string raw(5000, 'r');
  for (const int difference : {-1, 1}) {
    std::vector<std::byte> chunk = xet::encode_chunk(bytes_of(raw), Scheme::lz4);
    xet::ChunkHeader header = xet::ChunkHeader::parse(std::span(chunk).first<8>());
    ASSERT_EQ(header.scheme, Scheme::lz4);
    header.raw_bytes += static_cast<std::uint32_t>(difference);
    const auto encoded = header.encode();
    std::copy(encoded.begin(), encoded.end(), chunk.begin());
    EXPECT_THROW(read(text_of(chunk)), XetError) << difference;
  }
}

TEST(XorbReader, TakesAtMost8192Chunks) {
  XorbWriter writer;
  for (std::size_t i = 0; i < xet::kMaxXorbChunks; ++i) {
    ASSERT_TRUE(writer.add(bytes_of(std::to_string(i)), Scheme::none));
  }
  EXPECT_FALSE(writer.add(bytes_of("one more"), Scheme::none));
  const std::string xorb = text_of(writer.finish().bytes);
  EXPECT_EQ(read(xorb).table.chunks.size(), xet::kMaxXorbChunks);
  EXPECT_EQ(message_of<XetError>([&] { read(xorb + xorb.substr(0, 9)); }),
            "it has more than 8192 chunks");
}

TEST(XorbWriter, WritesTheReferencesBytesWhereNothingIsPacked) {
  EXPECT_EQ(text_of(mixed(Scheme::none).finish_with_footer().bytes),
            golden("xet/xorb/mixed-none-footer.xorb"));
  EXPECT_EQ(sha256_hex(text_of(mixed(Scheme::none).finish().bytes)),
            "0d0cf366abcbf23b112971e836d583281e6a33da9884262838e61ba1fb2955cd");
}

TEST(XorbWriter, PacksWhereThatSavesSomething) {
  for (const Scheme scheme : {Scheme::lz4, Scheme::bg4_lz4}) {
    const XorbWriter::Finished made = mixed(scheme).finish();
    EXPECT_LT(made.bytes.size(), 50'000U);
    EXPECT_EQ(made.table.hash.text(), kMixed);
    const Read found = read(text_of(made.bytes));
    EXPECT_EQ(found.table, made.table);
    EXPECT_EQ(found.raw, mixed_bytes());
    EXPECT_EQ(made.table.chunks[3].packed_end - made.table.chunks[2].packed_end, 6001U + 8U)
        << "random bytes are kept as they are";
  }
}

TEST(XorbWriter, MakesTheSmallestXorbOfTheProtocolsText) {
  XorbWriter writer;
  EXPECT_TRUE(writer.add(bytes_of("hello world"), Scheme::lz4));
  EXPECT_EQ(text_of(writer.finish().bytes), std::string("\0\x0b\0\0\0\x0b\0\0hello world", 19));
  EXPECT_TRUE(writer.empty());
}

TEST(ByteGrouping, PutsEveryFourthByteTogether) {
  const json vectors = json::parse(golden("xet/compress.json")).at("bg4_of_bytes_0_to_n_minus_1");
  for (const json& vector : vectors) {
    std::vector<std::byte> in(vector.at("n").get<std::size_t>());
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::byte>(i);
    std::vector<std::byte> grouped(in.size());
    xet::group_bytes(in, grouped);
    std::string hex;
    for (const std::byte b : grouped) hex += fmt::format("{:02x}", std::to_integer<int>(b));
    EXPECT_EQ(hex, vector.at("grouped").get<std::string>());
    std::vector<std::byte> back(in.size());
    xet::ungroup_bytes(grouped, back);
    EXPECT_EQ(back, in);
  }
}

}  // namespace
}  // namespace torchhub::testing
