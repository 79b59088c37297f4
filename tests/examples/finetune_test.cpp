#include "support/child_process.h"
#include "support/golden.h"
#include "support/local_hub.h"
#include "support/small_disk.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <unistd.h>

/// What a user of the example meets who gets something wrong: exit code 1, and a last line that
/// says what failed, where, and what to do. `finetune train` loads Fashion-MNIST first, so these
/// tests need Debian's dataset-fashion-mnist; without it they fail and name it.
namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<std::pair<std::string, std::string>>;
using Names = std::vector<std::string>;

/// A config of the example's own model, small enough to build in no time.
constexpr const char* kConfig = R"({"model_type": "custom-resnet", "block_type": "basic",
  "layers": [1, 1], "num_classes": 10, "input_channels": 1})";

Names names_in(const fs::path& folder) {
  Names names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Of the last error; the id of a request and the names of temporaries, which are random, read R.
std::string error_of(const Finished& finished) {
  const std::string& all = finished.errors;
  const std::size_t line = all.rfind("\nerror: ");
  const std::string text = line == std::string::npos ? all : all.substr(line + 1);
  return std::regex_replace(std::regex_replace(text, std::regex("request [^)]*"), "request R"),
                            std::regex("(\\.tmp-(checkpoint-1-)?)[0-9a-f]+"), "$1R");
}

class FinetuneProgram : public ::testing::Test {
 protected:
  /// The environment of whoever runs the tests must not choose hub, token or cache.
  static void SetUpTestSuite() {
    Names names;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string text = *variable;
      for (const char* prefix : {"HF_", "HUGGING", "TRANSFORMERS_"}) {
        if (text.starts_with(prefix)) names.push_back(text.substr(0, text.find('=')));
      }
    }
    for (const std::string& name : names) ::unsetenv(name.c_str());
  }

  Finished finetune(Names arguments, const std::string& token) const {
    arguments.insert(arguments.begin(), FINETUNE);
    return run(std::move(arguments), {"HF_ENDPOINT=" + url_, "HF_TOKEN=" + token,
                                      "HF_HOME=" + (folder_ / "hf").string(), "OMP_NUM_THREADS=1"});
  }
  Finished train(const fs::path& output, const std::string& token, Names more = {}) const {
    Names arguments{"train", "--output-dir", output.string(), "--hub-model-id", "demo/resnet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return finetune(std::move(arguments), token);
  }
  /// `evaluate` of a repository that cannot be: exit code 1, no output folder, no half file in the
  /// cache. @return its error
  std::string evaluation_error(const std::string& repo,
                               const std::string& revision = "main") const {
    const fs::path output = folder_ / "output";
    const Finished finished = finetune(
        {"evaluate", repo, "--revision", revision, "--output-dir", output.string()}, hub_.token());
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_EQ(finished.output, "");
    EXPECT_FALSE(fs::exists(output));
    if (fs::exists(folder_ / "hf")) {
      for (const auto& entry : fs::recursive_directory_iterator(folder_ / "hf")) {
        const std::string name = entry.path().filename().string();
        EXPECT_FALSE(name.starts_with(".tmp-") || name.ends_with(".incomplete")) << entry.path();
      }
    }
    return error_of(finished);
  }

  HubClient client() const {
    return HubClient({.endpoint = url_, .token = hub_.token(), .cache_dir = folder_ / "cache"});
  }
  /// Makes demo/model with these files. @return the folder where `finetune` will see them
  fs::path push(const Files& files) const {
    client().create_repo(model_);
    std::vector<CommitOperation> operations;
    for (const auto& [name, bytes] : files) {
      operations.emplace_back(CommitOperationAdd::from_bytes(name, bytes));
    }
    const CommitInfo commit =
        client().create_commit(model_, operations, {.commit_message = "push"});
    return folder_ / "hf/hub/models--demo--model/snapshots" / commit.oid;
  }

  TempDir folder_;
  LocalHub hub_;
  std::string url_ = hub_.base_url();
  Repo model_{.id = RepoId::parse("demo/model")};
  Repo resnet_{.id = RepoId::parse("demo/resnet")};
};

TEST_F(FinetuneProgram, SaysThatATokenIsMissing) {
  const Finished finished = train(folder_ / "output", "");
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.errors, "error: No token for creating repository 'demo/resnet' at " + url_ +
                                 ". Set HF_TOKEN (or HubOptions::token) to a token with write "
                                 "access.\n");
  EXPECT_EQ(names_in(folder_ / "output"), Names{});
}

TEST_F(FinetuneProgram, SaysThatATokenIsWrongAndDoesNotShowIt) {
  const Finished finished = train(folder_ / "output", "hf_" + std::string(34, 'x'));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(error_of(finished),
            "error: The token was refused for looking for repository 'demo/resnet' at " + url_ +
                " (401, request R): Invalid credentials in Authorization header. Check HF_TOKEN or "
                "the token file; the token may be mistyped, expired, revoked, or of another "
                "Hub.\n");
  EXPECT_EQ(finished.errors.find("hf_xxx"), std::string::npos) << finished.errors;
  EXPECT_EQ(names_in(folder_ / "output"), Names{});
}

/// Takes 20 s: the program asks six times, as the Python client does, before it gives up.
TEST_F(FinetuneProgram, SaysThatNoServerListens) {
  hub_.stop();
  const Finished finished = train(folder_ / "output", hub_.token());
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(error_of(finished),
            fmt::format("error: creating repository 'demo/resnet': No answer from {0} to POST "
                        "{0}/api/repos/create: could not connect. Check the address and that the "
                        "server is running.\n",
                        url_));
  EXPECT_EQ(names_in(folder_ / "output"), Names{});
}

TEST_F(FinetuneProgram, NamesEveryArgumentThatIsWrongBeforeAnythingHappens) {
  const Finished finished = train(folder_ / "output", hub_.token(), {"--save-steps", "0"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.errors,
            "error: This Trainer cannot be made:\n"
            "  - save_steps is 0; it must be above 0: a number of updates, or a fraction of all "
            "below 1.\n");
  EXPECT_FALSE(fs::exists(folder_ / "output"));
  EXPECT_FALSE(client().repo_exists(resnet_));
}

TEST_F(FinetuneProgram, NamesAnOutputFolderThatIsAFile) {
  write_file_atomically(folder_ / "output", "a file");
  const Finished finished = train(folder_ / "output", hub_.token());
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.errors, "error: '" + (folder_ / "output").string() +
                                 "' is a file where a folder is needed. Move it away or choose "
                                 "another folder.\n");
  EXPECT_EQ(read_file(folder_ / "output"), "a file");
  EXPECT_FALSE(client().repo_exists(resnet_));
}

TEST_F(FinetuneProgram, NamesAFullDiskAndLeavesNoCheckpointHereNorOnTheHub) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  const Finished finished =
      train(disk / "output", hub_.token(), {"--max-steps", "2", "--save-steps", "1"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(error_of(finished),
            "error: Cannot write '" +
                (disk / "output/.tmp-checkpoint-1-R/model.safetensors").string() +
                "': No space left on device. Free some space or choose another folder; nothing "
                "half-written was kept.\n")
      << finished.errors;
  for (const std::string& name : names_in(disk / "output")) {
    EXPECT_FALSE(name.starts_with("checkpoint-") || name.starts_with(".tmp-")) << name;
  }
  EXPECT_TRUE(client().repo_exists(resnet_));
  EXPECT_FALSE(client().file_exists(resnet_, "model.safetensors"));
  EXPECT_FALSE(client().file_exists(resnet_, "last-checkpoint/trainer_state.json"));
}

TEST_F(FinetuneProgram, NamesARepositoryThatIsNotThere) {
  EXPECT_EQ(evaluation_error("demo/nobody"),
            "error: Repository 'demo/nobody' (model) not found at " + url_ +
                " (404, request R). Check the spelling; if it is private, check that your token "
                "may read it.\n");
}

TEST_F(FinetuneProgram, NamesARevisionThatIsNotThere) {
  push({{"config.json", kConfig}});
  EXPECT_EQ(evaluation_error("demo/model", "nowhere"),
            "error: Revision 'nowhere' of repository 'demo/model' (model) not found at " + url_ +
                " (404, request R). Check the branch, tag or commit hash.\n");
}

TEST_F(FinetuneProgram, NamesTheWeightsThatARepositoryLacks) {
  push({{"config.json", kConfig}});
  EXPECT_EQ(
      evaluation_error("demo/model"),
      "error: 'demo/model' at revision 'main' holds no weights: neither model.safetensors "
      "nor pytorch_model.bin, nor an index of either. Save the model with save_pretrained, or "
      "name the folder that has its weights.\n");
}

TEST_F(FinetuneProgram, NamesWeightsThatAreCutShort) {
  const std::string whole = golden("safetensors/written.safetensors");
  const std::string cut = whole.substr(0, whole.size() - 5);
  const fs::path cached = push({{"config.json", kConfig}, {"model.safetensors", cut}});
  EXPECT_EQ(evaluation_error("demo/model"),
            "error: Cannot use '" + (cached / "model.safetensors").string() +
                "': the tensors take 377 bytes, the file holds 372 for them. The file is cut short "
                "or was changed; download or write it again.\n");
  EXPECT_EQ(read_file(cached / "model.safetensors"), cut) << "the cache says what the Hub says";
}

TEST_F(FinetuneProgram, NamesAModelTypeThatItDoesNotKnow) {
  const fs::path cached = push({{"config.json", R"({"model_type": "bert"})"}});
  EXPECT_EQ(evaluation_error("demo/model"),
            "error: `model_type` 'bert' of '" + (cached / "config.json").string() +
                "' is not known here. Known: custom-resnet. Register its config with "
                "TORCHHUB_REGISTER_CONFIG(\"bert\", YourConfig).\n");
}

TEST_F(FinetuneProgram, NamesAFieldOfTheConfigThatIsWrong) {
  const fs::path cached =
      push({{"config.json", R"({"model_type": "custom-resnet", "block_type": "wide"})"}});
  EXPECT_EQ(evaluation_error("demo/model"),
            "error: '" + (cached / "config.json").string() +
                "' is not valid: `block_type` must be 'basic' or 'bottleneck', got wide.\n");
}

TEST(FinetuneExample, IsAtMost200Lines) {
  std::ptrdiff_t lines = 0;
  for (const char* name : {"finetune.cpp", "resnet_model.h"}) {
    const std::string text = read_file(fs::path(FINETUNE_FOLDER) / name);
    lines += std::count(text.begin(), text.end(), '\n');
  }
  EXPECT_LE(lines, 200);
}

}  // namespace
}  // namespace torchhub::testing
