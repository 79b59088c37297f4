#include "torchhub/wire/lfs_pointer.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

const std::string kOid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const std::string kPointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:" + kOid + "\nsize 12345\n";

TEST(LfsPointer, IsWrittenAsTheSpecificationShows) {
  EXPECT_EQ((LfsPointer{kOid, 12345}.text()), kPointer);
}

TEST(LfsPointer, IsReadBack) {
  EXPECT_EQ(LfsPointer::parse(kPointer), (LfsPointer{kOid, 12345}));
  EXPECT_EQ(LfsPointer::parse(LfsPointer{kOid, 0}.text()), (LfsPointer{kOid, 0}));
  const LfsPointer large{kOid, 18'446'744'073'709'551'615U};
  EXPECT_EQ(LfsPointer::parse(large.text()), large);
}

TEST(LfsPointer, IsReadWithExtensions) {
  EXPECT_EQ(LfsPointer::parse("version https://git-lfs.github.com/spec/v1\next-0-foo sha256:" +
                              kOid + "\noid sha256:" + kOid + "\nsize 1\n"),
            (LfsPointer{kOid, 1}));
}

TEST(LfsPointer, IsNotSeenInOtherFiles) {
  const std::string version = "version https://git-lfs.github.com/spec/v1\n";
  for (const std::string& blob :
       {std::string(), std::string("hello"), version, version + "size 1\n",
        version + "oid sha256:" + kOid + "\n", version + "oid sha256:" + kOid + "\nsize -1\n",
        version + "oid sha256:" + kOid + "\nsize 1x\n",
        version + "oid sha256:" + kOid + "\nsize \n",
        version + "oid sha256:" + kOid.substr(1) + "\nsize 1\n",
        version + "oid md5:" + kOid + "\nsize 1\n", "\n" + kPointer,
        version + "oid sha256:" + kOid + "\nsize 18446744073709551616\n",
        kPointer + std::string(1024, '\n')}) {
    EXPECT_FALSE(LfsPointer::parse(blob)) << blob;
  }
}

TEST(LfsOid, IsSixtyFourLowerCaseHexDigits) {
  EXPECT_TRUE(is_lfs_oid(kOid));
  EXPECT_FALSE(is_lfs_oid(""));
  EXPECT_FALSE(is_lfs_oid(kOid + "0"));
  EXPECT_FALSE(is_lfs_oid("4D" + kOid.substr(2)));
  EXPECT_FALSE(is_lfs_oid("../" + kOid.substr(3)));
}

}  // namespace
}  // namespace torchhub
