#include "hub/scripted_hub.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::demo_repo;
using testing::kCommit;
using testing::kOtherCommit;
using testing::ReceivedRequest;
using testing::ScriptedHub;
using testing::ScriptedReply;

struct UploadTest : ::testing::Test {
  ScriptedHub hub;
  std::vector<std::string> sent;  ///< "key path" of the commit's lines

  void SetUp() override {
    hub.on("POST /api/models/demo/resnet/preupload/main", [](const ReceivedRequest& request) {
      const json asked = json::parse(request.body);
      json files = json::array();
      for (const json& file : asked.at("files")) {
        files.push_back(
            {{"path", file.at("path")}, {"uploadMode", "regular"}, {"shouldIgnore", false}});
      }
      return ScriptedReply{.body = json{{"files", files}, {"commitOid", kCommit}}.dump()};
    });
    hub.on("POST /api/models/demo/resnet/commit/main", [this](const ReceivedRequest& request) {
      std::istringstream lines(request.body);
      for (std::string line; std::getline(lines, line);) {
        const json value = json::parse(line);
        sent.push_back(value.at("key").get<std::string>() + " " +
                       value.at("value").value("path", value.at("value").value("summary", "")));
      }
      return ScriptedReply{.body = json{{"commitOid", kOtherCommit}}.dump()};
    });
    for (const char* path : {"b.txt", "a.txt", "sub/c.txt", "_private/x", ".git/config",
                             "sub/.git/config", ".cache/huggingface/x", "checkpoint-5/w"}) {
      write_file_atomically(hub.folder() / "work" / path, path);
    }
  }
};

TEST_F(UploadTest, SendsTheFilesOfAFolderInOrderAndNeverGitsOwn) {
  hub.client().upload_folder(demo_repo(), hub.folder() / "work",
                             {.filter = {.ignore = {"_*", "checkpoint-*"}}});
  EXPECT_EQ(sent, (std::vector<std::string>{"header Upload folder using torchhub", "file a.txt",
                                            "file b.txt", "file sub/c.txt"}));
}

TEST_F(UploadTest, PutsTheFilesBelowAFolderOfTheRepository) {
  hub.client().upload_folder(
      demo_repo(), hub.folder() / "work",
      {.path_in_repo = "last-checkpoint/", .filter = {.allow = {"a.txt"}}, .commit_message = "m"});
  EXPECT_EQ(sent, (std::vector<std::string>{"header m", "file last-checkpoint/a.txt"}));
}

TEST_F(UploadTest, DeletesWhatMatchesAndIsNotUploaded) {
  hub.on("GET /api/models/demo/resnet/tree/main",
         {.body = json{{{"type", "file"}, {"path", "w/a.txt"}},
                       {{"type", "file"}, {"path", "w/old.txt"}},
                       {{"type", "file"}, {"path", "w/keep.bin"}},
                       {{"type", "file"}, {"path", "old.txt"}},
                       {{"type", "file"}, {"path", ".gitattributes"}},
                       {{"type", "directory"}, {"path", "w"}}}
                      .dump()});
  hub.client().upload_folder(demo_repo(), hub.folder() / "work",
                             {.path_in_repo = "w",
                              .filter = {.allow = {"a.txt"}},
                              .delete_patterns = {"*.txt"},
                              .commit_message = "m"});
  EXPECT_EQ(sent, (std::vector<std::string>{"header m", "deletedFile w/old.txt", "file w/a.txt"}));
}

TEST_F(UploadTest, SendsNothingForAnEmptyFolder) {
  make_folders(hub.folder() / "empty");
  hub.on("GET /api/models/demo/resnet/revision/main", {.body = R"({"sha":")" + kCommit + "\"}"});
  const CommitInfo info = hub.client().upload_folder(demo_repo(), hub.folder() / "empty");
  EXPECT_FALSE(info.changed);
  EXPECT_EQ(info.oid, kCommit);
  EXPECT_TRUE(sent.empty());
}

TEST_F(UploadTest, NamesWhatIsNoFolder) {
  try {
    hub.client().upload_folder(demo_repo(), "/none/here");
    FAIL() << "no exception";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(),
                 "'/none/here' is not a folder. Give the folder whose files are to be uploaded.");
  }
}

TEST_F(UploadTest, SaysInTheHistoryWhatOneFileIs) {
  hub.client().upload_file(demo_repo(), CommitOperationAdd::from_bytes("x.txt", "x"));
  hub.on("GET /api/models/demo/resnet/revision/main", {.body = R"({"sha":")" + kCommit + "\"}"});
  hub.client().delete_file(demo_repo(), "x.txt");
  hub.client().delete_folder(demo_repo(), "dir");
  EXPECT_EQ(sent, (std::vector<std::string>{
                      "header Upload x.txt with torchhub", "file x.txt",
                      "header Delete x.txt with torchhub", "deletedFile x.txt",
                      "header Delete folder dir/ with torchhub", "deletedFolder dir/"}));
}

}  // namespace
}  // namespace torchhub
