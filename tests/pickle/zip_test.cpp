#include "torchhub/pickle/zip.h"

#include "support/golden.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace torchhub::pickle {
namespace {

ZipFile open(const std::filesystem::path& path) { return ZipFile(MappedFile::open(path)); }

std::string text_of(const ZipFile& zip, const std::string& name) {
  const ZipEntry* entry = zip.find(name);
  if (entry == nullptr) return "(missing)";
  const auto bytes = zip.bytes(*entry);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string error_of(const std::filesystem::path& path, const std::string& bytes) {
  write_file_atomically(path, bytes);
  try {
    open(path);
  } catch (const PickleError& error) {
    const std::string text = error.what();
    const std::string head = "Cannot use '" + path.string() + "': ";
    return text.substr(head.size(), text.find(". Nothing") - head.size());
  }
  return "no error";
}

TEST(ZipWriter, WritesTheBytesThatTorchWrites) {
  // Every record of torch's own file, put in again, gives that file.
  const testing::TempDir dir;
  for (const char* name : {"pickle/zip.bin", "pickle/more.pt", "trainer/optimizer.pt"}) {
    SCOPED_TRACE(name);
    const ZipFile original = open(testing::golden_path(name));
    ZipWriter writer(dir / "copy");
    for (const ZipEntry& entry : original.entries()) writer.add(entry.name, original.bytes(entry));
    writer.commit();
    EXPECT_TRUE(read_file(dir / "copy") == testing::golden(name));
  }
}

TEST(ZipWriter, AlignsContentsTo64Bytes) {
  const testing::TempDir dir;
  ZipWriter writer(dir / "x.zip");
  for (std::size_t size = 0; size < 70; ++size) {
    writer.add(std::string(size + 1, 'n'), std::string(size, 'x'));
  }
  writer.commit();
  const ZipFile zip = open(dir / "x.zip");
  for (const ZipEntry& entry : zip.entries()) EXPECT_EQ(entry.offset % 64, 0U);
}

TEST(ZipWriter, GivesSizeAndDigestOfTheFile) {
  const testing::TempDir dir;
  for (const std::uint64_t zip64_from : {0xFFFFFFFFULL, 100ULL}) {
    ZipWriter writer(dir / "x.zip", {.sha256 = true, .zip64_from = zip64_from});
    writer.add("a", std::string(1000, 'x'));
    writer.add("empty", "");
    const WrittenFile written = writer.commit();
    EXPECT_EQ(written.size, std::filesystem::file_size(dir / "x.zip"));
    EXPECT_EQ(written.sha256, sha256_hex_of_file(dir / "x.zip"));
  }
}

TEST(ZipWriter, KeepsTheOldFileUntilCommit) {
  const testing::TempDir dir;
  write_file_atomically(dir / "x.zip", "old");
  {
    ZipWriter writer(dir / "x.zip");
    writer.add("a", "1");
    EXPECT_EQ(read_file(dir / "x.zip"), "old");
  }
  EXPECT_EQ(read_file(dir / "x.zip"), "old");
}

TEST(ZipFile, ReadsZip64SizesAndOffsets) {
  const testing::TempDir dir;
  ZipWriter writer(dir / "x.zip", 100);
  writer.add("small", "1");
  writer.add("large", std::string(1000, 'x'));
  writer.add("behind", "2");
  writer.commit();
  const ZipFile zip = open(dir / "x.zip");
  EXPECT_EQ(text_of(zip, "small"), "1");
  EXPECT_EQ(text_of(zip, "large"), std::string(1000, 'x'));
  EXPECT_EQ(text_of(zip, "behind"), "2");
  for (const ZipEntry& entry : zip.entries()) {
    zip.check_crc(entry);
    EXPECT_EQ(entry.offset % 64, 0U);
  }
}

TEST(ZipFile, ReadsWhatPythonsZipfileWrites) {
  // bad-huge-shape.bin was packed again by Python's zipfile: no descriptors, no Zip64, no filling.
  const ZipFile zip = open(testing::golden_path("pickle/bad-huge-shape.bin"));
  EXPECT_EQ(text_of(zip, "_one/byteorder"), "little");
  for (const ZipEntry& entry : zip.entries()) zip.check_crc(entry);
}

TEST(ZipFile, IsMovedButNeverCopied) {
  // A copy would look its entries up by names that belong to the original.
  static_assert(!std::is_copy_constructible_v<ZipFile> && !std::is_copy_assignable_v<ZipFile>);
  const testing::TempDir dir;
  ZipWriter writer(dir / "x.zip");
  writer.add("a", "1");  // short names lie inside the string objects
  writer.add("b", "2");
  writer.commit();
  ZipFile moved = open(testing::golden_path("pickle/zip.bin"));
  {
    ZipFile zip = open(dir / "x.zip");
    moved = std::move(zip);
  }
  EXPECT_EQ(text_of(moved, "b"), "2");
}

TEST(ZipFile, RefusesCompressedAndEncryptedEntries) {
  const testing::TempDir dir;
  ZipWriter writer(dir / "x.zip");
  writer.add("a", "1");
  writer.commit();
  const std::string whole = read_file(dir / "x.zip");
  const std::size_t record = whole.find("PK\x01\x02");
  std::string changed = whole;
  changed[record + 10] = 8;
  EXPECT_EQ(error_of(dir / "y", changed),
            "its entry 'a' is compressed; torch.save stores entries as they are");
  changed = whole;
  changed[record + 8] = 1;
  EXPECT_EQ(error_of(dir / "y", changed), "its entry 'a' is encrypted");
  changed = whole;
  changed[record + 24] = 2;
  EXPECT_EQ(error_of(dir / "y", changed), "its entry 'a' has two sizes");
  changed = whole;
  changed[record + 46] = 'b';
  EXPECT_EQ(error_of(dir / "y", changed), "its entry 'b' is not where the directory says");
}

TEST(ZipFile, RefusesDoubleNames) {
  const testing::TempDir dir;
  ZipWriter writer(dir / "x.zip");
  writer.add("a", "1");
  writer.add("a", "2");
  writer.commit();
  EXPECT_EQ(error_of(dir / "y", read_file(dir / "x.zip")), "its entry 'a' is there twice");
}

TEST(ZipFile, FindsTheEndBehindAComment) {
  const testing::TempDir dir;
  std::string bytes = testing::golden("pickle/bad-huge-shape.bin");
  bytes[bytes.size() - 2] = 5;
  EXPECT_EQ(error_of(dir / "y", bytes + "hello"), "no error");
}

TEST(ZipFile, RefusesWhatIsNoArchive) {
  const testing::TempDir dir;
  EXPECT_EQ(error_of(dir / "y", ""), "it is not a whole zip archive");
  EXPECT_EQ(error_of(dir / "y", std::string(100'000, 'P')),
            "it has no zip directory; it may be cut short");
}

}  // namespace
}  // namespace torchhub::pickle
