// kill -9 of a hand-written loop with a LoopPusher, and of the hub: no commit is made twice, each
// holds what it says, the end arrives, and there is always a checkpoint to go on from.
#include "torchhub/callbacks/loop_checkpoint.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/push/journal.h"
#include "torchhub/torchhub.h"
#include "trainer/random_kills.h"

#include <fmt/ranges.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class LoopKills : public testing::RandomKills {
 protected:
  void SetUp() override {
    std::vector<std::string> program = program_of("straight");
    program.emplace_back("0+0:0");
    ASSERT_EQ(testing::run(std::move(program)).exit_code, 0);
  }
  /// All but whom it kills.
  std::vector<std::string> program_of(const std::string& name) const {
    return {LOOPING_RUN,
            (folder_ / name).string(),
            hub_.url(),
            hub_.token(),
            (folder_ / "cache").string(),
            name,
            (folder_ / (name + "-weights")).string()};
  }
  /// As a loop has them that nobody has killed. @param when "epoch-<n>" or "end"
  std::string right_weights(const std::string& when) const {
    return read_file(folder_ / "straight-weights" / when / "model.safetensors");
  }
  void expect_whole_checkpoint(const fs::path& output_dir) const {
    const auto found = find_loop_checkpoint(output_dir);
    if (!found) return;
    EXPECT_TRUE(read_file(found->folder / "model.safetensors") ==
                right_weights(fmt::format("epoch-{}", found->epoch())));
    EXPECT_NO_THROW(load_torch_file(found->folder / "optimizer.pt"));
  }
  /// It holds the weights that its message says, and the checkpoint to go on from.
  void expect_right_commit(const Repo& repo, const GitCommit& commit) const {
    SCOPED_TRACE(commit.title);
    const bool is_end = commit.title == "End of training";
    const std::string epoch = is_end ? "6" : commit.title.substr(commit.title.rfind(' ') + 1);
    EXPECT_TRUE(on_hub(repo, "model.safetensors", commit.id) ==
                right_weights(is_end ? "end" : "epoch-" + epoch));
    EXPECT_TRUE(on_hub(repo, "checkpoint/model.safetensors", commit.id) ==
                right_weights("epoch-" + epoch));
    EXPECT_NE(on_hub(repo, "checkpoint/loop_state.json", commit.id)
                  .find(fmt::format("\"epoch\": {},", epoch)),
              std::string::npos);
  }
};

TEST_F(LoopKills, DoubleNoCommitAndLeaveAlwaysACheckpointAndBringTheEnd) {
  Names all;
  for (int epoch = 1; epoch <= 6; ++epoch) {
    all.push_back(fmt::format("Training in progress epoch {}", epoch));
  }
  all.emplace_back("End of training");
  for_seeds([&](unsigned seed) {
    std::mt19937 random(seed);
    const std::string name = fmt::format("loop-{}", seed);
    const fs::path output_dir = folder_ / name;
    run_to_its_end(program_of(name), random, 80, [&] { expect_whole_checkpoint(output_dir); });
    if (HasFailure()) return;

    const Repo repo{.id = RepoId::parse("demo/" + name)};
    Names messages;
    for (const GitCommit& commit : commits_of(repo)) {
      messages.push_back(commit.title);
      expect_right_commit(repo, commit);
    }
    EXPECT_TRUE(testing::is_part_of(messages, all)) << fmt::format("{}", messages);
    EXPECT_EQ(messages.back(), "End of training");
    EXPECT_TRUE(on_hub(repo, "model.safetensors", "main") ==
                read_file(output_dir / "model.safetensors"));
    expect_finished_card(repo);
    EXPECT_TRUE(PushJournal(output_dir).noted().empty());
    fs::remove_all(output_dir);
  });
}

}  // namespace
}  // namespace torchhub
