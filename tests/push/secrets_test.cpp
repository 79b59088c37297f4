#include "torchhub/push/secrets.h"

#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace torchhub {
namespace {

using testing::TempDir;

/// Looks like one of the Hub's and is none.
const std::string kShaped =
    "hf_"
    "AbCdEfGhIjKlMnOpQrStUvWxYz01234567";

class Secrets : public ::testing::Test {
 protected:
  /// Where a secret was found; nothing if none was.
  std::optional<std::pair<std::string, std::uint64_t>> found(
      const std::optional<std::string>& token = std::nullopt) const {
    try {
      require_no_secrets(folder_.path(), token);
      return std::nullopt;
    } catch (const SecretFoundError& error) {
      message_ = error.what();
      return std::pair{error.path(), error.offset()};
    }
  }
  using Place = std::pair<std::string, std::uint64_t>;

  const TempDir folder_;
  mutable std::string message_;
};

TEST_F(Secrets, FindsTheTokenInUseInAnyFileAndNamesThePlaceOnly) {
  const std::string token = "secret-of-a-hub-of-our-own";
  write_file_atomically(folder_ / "sub/weights.bin", std::string(1000, '\0') + token + "tail");
  EXPECT_EQ(found(token), (Place{"sub/weights.bin", 1000}));
  EXPECT_NE(message_.find("sub/weights.bin"), std::string::npos) << message_;
  EXPECT_NE(message_.find("1000"), std::string::npos) << message_;
  EXPECT_EQ(message_.find(token), std::string::npos) << message_;
}

TEST_F(Secrets, FindsWhatHasTheShapeOfATokenInText) {
  write_file_atomically(folder_ / "notes.txt", "export HF_TOKEN=" + kShaped + "\n");
  EXPECT_EQ(found(), (Place{"notes.txt", 16}));
  EXPECT_EQ(message_.find(kShaped), std::string::npos) << message_;
}

TEST_F(Secrets, FindsATokenOfAnOrganisationAndOneAtTheVeryEnd) {
  write_file_atomically(folder_ / "run.json", "{\"t\": \"api_org_" + kShaped.substr(3) + "\"}");
  EXPECT_EQ(found(), (Place{"run.json", 7}));
  write_file_atomically(folder_ / "run.json", kShaped);
  EXPECT_EQ(found(), (Place{"run.json", 0}));
}

TEST_F(Secrets, TakesNoExampleForAToken) {
  write_file_atomically(folder_ / "README.md",
                        "Put hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx here, or hf_token, or "
                        "my_" +
                            kShaped + ", or x" + kShaped + ", or hf_" + kShaped.substr(3, 20) +
                            ".\n");
  EXPECT_EQ(found("another-token"), std::nullopt);
}

TEST_F(Secrets, TakesNoBytesOfWeightsForAToken) {
  write_file_atomically(folder_ / "model.safetensors", std::string(8, '\0') + kShaped);
  EXPECT_EQ(found(), std::nullopt);
}

TEST_F(Secrets, LooksBehindAPrefixThatBeginsNoToken) {
  const std::string start = "hf_short hf_";
  write_file_atomically(folder_ / "a.txt", start + "x " + kShaped);
  EXPECT_EQ(found(), (Place{"a.txt", start.size() + 2}));
}

TEST_F(Secrets, HasNothingToSayOfEmptyFilesAndFolders) {
  write_file_atomically(folder_ / "sub/empty", "");
  EXPECT_EQ(found("token"), std::nullopt);
}

}  // namespace
}  // namespace torchhub
