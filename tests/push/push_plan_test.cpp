#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/push_folder.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

TEST(PushPlan, ListsFilesTargetAndMessageWithoutAHub) {
  const TempDir folder;
  write_file_atomically(folder / "net/model.safetensors", "weights");
  write_file_atomically(folder / "net/runs/events", "ev");
  write_file_atomically(folder / "net/_own/x", "x");
  const PushPlan plan = plan_push(folder / "net/", {.organization = "ana", .revision = "v2"});
  EXPECT_EQ(plan.repo_id, "ana/net");
  EXPECT_EQ(plan.revision, "v2");
  EXPECT_EQ(plan.commit_message, "Upload folder using torchhub");
  EXPECT_EQ(plan.files, (std::vector<FileToPush>{{"model.safetensors", 7}, {"runs/events", 2}}));
  EXPECT_EQ(plan.bytes, 9U);
}

TEST(PushPlan, NamesEveryOptionThatIsWrong) {
  const TempDir folder;
  write_file_atomically(folder / "config.json", "{}");
  const PushFolderOptions wrong{.repo_id = "ana/net",
                                .organization = "bob",
                                .revision = "",
                                .commit_message = "",
                                .create_pr = true,
                                .tag = "v1"};
  const std::string message =
      message_of<InvalidArgumentError>([&] { plan_push(folder.path(), wrong); });
  for (const char* part :
       {"repo_id 'ana/net' names an owner, and organization is 'bob'", "revision is empty",
        "tag cannot be set on a pull request", "commit_message is empty"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(PushPlan, SaysThatNothingIsThereToPush) {
  const TempDir folder;
  write_file_atomically(folder / "config.json", "{}");
  const std::string message = message_of<InvalidArgumentError>(
      [&] { plan_push(folder.path(), {.repo_id = "a/b", .filter = {.allow = {"*.bin"}}}); });
  EXPECT_NE(message.find("holds no file to push"), std::string::npos) << message;
  EXPECT_NE(message_of<InvalidArgumentError>([&] {
              plan_push(folder / "none");
            }).find("is not a folder. Give the folder whose files are to be pushed."),
            std::string::npos);
}

TEST(UploadMessage, TakesTheFirstOfPythonsWordsThatTheClassNameHolds) {
  EXPECT_EQ(upload_message("BertModel"), "Upload model");
  EXPECT_EQ(upload_message("ModelConfig"), "Upload model");
  EXPECT_EQ(upload_message("BertConfig"), "Upload config");
  EXPECT_EQ(upload_message("BertTokenizerFast"), "Upload tokenizer");
  EXPECT_EQ(upload_message("ViTFeatureExtractor"), "Upload feature extractor");
  EXPECT_EQ(upload_message("CLIPProcessor"), "Upload processor");
  EXPECT_EQ(upload_message("BertForMaskedLM"), "Upload BertForMaskedLM");
}

TEST(CardWithTags, KeepsEveryOtherByte) {
  const std::string card = "---\nlicense: mit\ntags: a\n---\n# x\n";
  EXPECT_EQ(card_with_tags(card, {"a"}), card);
  EXPECT_EQ(card_with_tags(card, {"b", "a", "b"}),
            "---\nlicense: mit\ntags:\n- a\n- b\n---\n# x\n");
}

}  // namespace
}  // namespace torchhub
