#include "torchhub/base/sha256.h"

#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::TempDir;

TEST(Sha256, GivesTheVectorsOfTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, IsTheSameInPieces) {
  Digest digest(Digest::Algorithm::sha256);
  digest.update("a");
  digest.update(std::string_view("bc"));
  EXPECT_EQ(digest.hex(), sha256_hex("abc"));
  Digest sha1(Digest::Algorithm::sha1);
  sha1.update("abc");
  EXPECT_EQ(sha1.hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Sha256, HashesFilesOfSeveralChunks) {
  const TempDir dir;
  const std::string bytes((std::size_t{5} << 20) + 3, 'x');
  write_file_atomically(dir / "a", bytes);
  EXPECT_EQ(sha256_hex_of_file(dir / "a"), sha256_hex(bytes));
  EXPECT_EQ(git_blob_id_of_file(dir / "a"), git_blob_id(bytes));
}

TEST(Sha256, StopsBetweenChunks) {
  const TempDir dir;
  write_file_atomically(dir / "a", "x");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(sha256_hex_of_file(dir / "a", stop.get_token()), CancelledError);
}

TEST(Sha256, SaysWhichFileCannotBeRead) {
  const TempDir dir;
  EXPECT_THROW(sha256_hex_of_file(dir / "missing"), FileError);
  EXPECT_THROW(sha256_hex_of_file(dir.path()), FileError);
  EXPECT_THROW(git_blob_id_of_file(dir / "missing"), FileError);
  EXPECT_THROW(git_blob_id_of_file(dir.path()), FileError);
}

TEST(GitBlobId, IsWhatGitHashObjectGives) {
  EXPECT_EQ(git_blob_id(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(git_blob_id("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST(HmacSha256, GivesTheVectorsOfTheRfc) {
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256_hex(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(EqualInConstantTime, Compares) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace torchhub
