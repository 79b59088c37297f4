#include "torchhub/push/secrets.h"

#include "support/temp_dir.h"
#include "support/variable.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::Variable;

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
      variable_ = error.variable();
      return std::pair{error.path(), error.offset()};
    }
  }
  using Place = std::pair<std::string, std::uint64_t>;

  const TempDir folder_;
  mutable std::string message_;
  mutable std::string variable_;
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

TEST_F(Secrets, FindsWhatTheEnvironmentHasInAnyFileAndNamesTheVariable) {
  const std::string value = "0123456789abcdef0123456789abcdef01234567";
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY", "COMET_API_KEY",
                           "NEPTUNE_API_TOKEN"}) {
    const Variable set(name, value.c_str());
    for (const char* before : {"key: ", "\0\0\0\0\0"}) {
      write_file_atomically(folder_ / "wandb/config", std::string(before, 5) + value + "\n");
      EXPECT_EQ(found("the-token-of-the-hub"), (Place{"wandb/config", 5})) << name;
      EXPECT_EQ(variable_, name);
      EXPECT_NE(message_.find("'wandb/config' holds a token at byte 5 (the value of " +
                              std::string(name) + "); nothing was pushed."),
                std::string::npos)
          << message_;
      EXPECT_EQ(message_.find(value), std::string::npos) << message_;
    }
  }
  EXPECT_EQ(found(), std::nullopt);  // of a variable that is not set
}

TEST_F(Secrets, NamesTheVariableThatTheTokenInUseIsFromAlso) {
  const std::string token = "secret-of-a-hub-of-our-own";
  const Variable set("HF_TOKEN", token.c_str());
  write_file_atomically(folder_ / "a.txt", token);
  EXPECT_EQ(found(token), (Place{"a.txt", 0}));
  EXPECT_EQ(variable_, "HF_TOKEN");
}

TEST_F(Secrets, TakesNoShortValueOfTheEnvironmentForASecret) {
  const Variable wandb("WANDB_API_KEY", "fifteen letters");
  const Variable comet("COMET_API_KEY", "");
  write_file_atomically(folder_ / "a.txt", "fifteen letters");
  EXPECT_EQ(found(), std::nullopt);
  const Variable sixteen("NEPTUNE_API_TOKEN", "sixteen letters.");
  write_file_atomically(folder_ / "a.txt", "sixteen letters.");
  EXPECT_EQ(found(), (Place{"a.txt", 0}));
}

TEST_F(Secrets, HasNothingToSayOfEmptyFilesAndFolders) {
  write_file_atomically(folder_ / "sub/empty", "");
  EXPECT_EQ(found("token"), std::nullopt);
}

}  // namespace
}  // namespace torchhub
