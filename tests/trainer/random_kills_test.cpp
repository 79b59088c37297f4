// kill -9 of the trainer and of the hub: with each hub_strategy, with one commit a save or two, and
// whatever rotation leaves, no commit is lost or made twice, and every checkpoint can be loaded.
#include "trainer/random_kills.h"

#include "torchhub/pickle/torch_file.h"
#include "torchhub/push/journal.h"
#include "torchhub/safetensors/file.h"
#include "torchhub/torchhub.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// One way to push and to rotate.
struct Way {
  HubStrategy strategy;
  bool two_commits;
  std::int64_t limit;  ///< save_total_limit; 0: none.
  bool always;         ///< hub_always_push.

  Way(unsigned seed, std::mt19937& random)
      : strategy(static_cast<HubStrategy>(seed % 4)),
        two_commits(seed / 4 % 2 == 1),
        limit(random() % 4),
        always(random() % 2 == 0) {}

  Names words() const {
    return {to_string(strategy), two_commits ? "two" : "one", std::to_string(limit),
            always ? "always" : "newest"};
  }
  bool has_checkpoints() const {
    return strategy == HubStrategy::checkpoint || strategy == HubStrategy::all_checkpoints;
  }
  /// May newer saves take the place of older ones?
  bool may_leave_out() const { return !always && strategy != HubStrategy::all_checkpoints; }
  std::string folder_on_hub(std::int64_t step) const {
    return strategy == HubStrategy::checkpoint ? "last-checkpoint" : checkpoint_name(step);
  }
  /// Messages of all commits that a run may make; the last two or the last one it must make.
  Names messages() const {
    if (strategy == HubStrategy::end) return {"End of training"};
    Names messages;
    for (int step = 4; step <= 40; step += 4) {
      messages.push_back(fmt::format("Training in progress, step {}", step));
      if (two_commits && has_checkpoints()) messages.push_back(messages.back() + ", checkpoint");
    }
    return messages;
  }
};

std::int64_t step_of(const std::string& message) {
  const std::string mark = "step ";
  const std::size_t at = message.find(mark);
  return at == std::string::npos ? 40 : std::stoll(message.substr(at + mark.size()));
}

class TrainerKills : public testing::RandomKills {
 protected:
  void SetUp() override {
    std::vector<std::string> program = program_of("straight", {"end", "one", "0", "newest"});
    program.emplace_back("0+0:0");
    ASSERT_EQ(testing::run(std::move(program)).exit_code, 0);
  }
  /// All but whom it kills.
  std::vector<std::string> program_of(const std::string& name, const Names& way) const {
    std::vector<std::string> program{PUSHING_RUN,  (folder_ / name).string(),    hub_.url(),
                                     hub_.token(), (folder_ / "cache").string(), name};
    program.insert(program.end(), way.begin(), way.end());
    return program;
  }

  /// As a run has it that nobody has killed.
  std::string right(std::int64_t step, const std::string& file) const {
    return read_file(folder_ / "straight" / checkpoint_name(step) / file);
  }
  void expect_right(const fs::path& checkpoint, std::int64_t step) const {
    for (const char* file : {"model.safetensors", "optimizer.pt"}) {
      EXPECT_TRUE(read_file(checkpoint / file) == right(step, file)) << checkpoint / file;
    }
    EXPECT_NO_THROW(SafetensorsFile(checkpoint / "model.safetensors")) << checkpoint;
    EXPECT_NO_THROW(load_torch_file(checkpoint / "optimizer.pt")) << checkpoint;
    const auto state = nlohmann::json::parse(read_file(checkpoint / "trainer_state.json"));
    EXPECT_EQ(state.at("global_step"), step) << checkpoint;
  }
  void expect_whole_checkpoints(const fs::path& output_dir) const {
    for (const std::int64_t step : complete_checkpoints(output_dir)) {
      expect_right(output_dir / checkpoint_name(step), step);
    }
  }
  void expect_messages(const Names& made, const Way& way) const {
    const Names all = way.messages();
    if (!way.may_leave_out()) {
      EXPECT_EQ(made, all);
      return;
    }
    EXPECT_TRUE(testing::is_part_of(made, all)) << fmt::format("{}", made);
    const std::size_t needed = way.two_commits && way.has_checkpoints() ? 2 : 1;
    ASSERT_GE(made.size(), needed);
    EXPECT_TRUE(std::equal(made.end() - static_cast<std::ptrdiff_t>(needed), made.end(),
                           all.end() - static_cast<std::ptrdiff_t>(needed)))
        << fmt::format("{}", made);
  }
  /// Each commit holds what its message says.
  void expect_right_commit(const Repo& repo, const GitCommit& commit, const Way& way) const {
    SCOPED_TRACE(commit.title);
    const std::int64_t step = step_of(commit.title);
    const bool is_second = commit.title.ends_with(", checkpoint");
    if (!is_second) {  // that one may come after a save whose first one was left out
      EXPECT_TRUE(on_hub(repo, "model.safetensors", commit.id) == right(step, "model.safetensors"));
    }
    if (!way.has_checkpoints() || (way.two_commits && !is_second)) return;
    const std::string folder = way.folder_on_hub(step);
    fs::path file_there;
    for (const char* file : {"model.safetensors", "optimizer.pt", "trainer_state.json"}) {
      file_there = client().hub_download(repo, folder + "/" + file, {.revision = commit.id});
    }
    expect_right(file_there.parent_path(), step);
  }
  void expect_tidy_folder(const fs::path& output_dir, const Way& way) const {
    const auto left = static_cast<std::int64_t>(complete_checkpoints(output_dir).size());
    const std::int64_t limit = way.limit == 0 ? 10 : way.limit;
    EXPECT_GE(left, limit);
    EXPECT_LE(left, limit + 1);  // killed after the last save and before what it rotates
    for (const auto& entry : fs::directory_iterator(output_dir)) {
      EXPECT_FALSE(entry.path().filename().string().starts_with(".tmp-")) << entry.path();
    }
    EXPECT_TRUE(PushJournal(output_dir).noted().empty());
  }
};

TEST_F(TrainerKills, LoseAndDoubleNoCommitAndLeaveOnlyWholeCheckpoints) {
  for_seeds([&](unsigned seed) {
    std::mt19937 random(seed);
    const Way way(seed, random);
    SCOPED_TRACE(fmt::format("{}", way.words()));
    const std::string name = fmt::format("run-{}", seed);
    const fs::path output_dir = folder_ / name;
    run_to_its_end(program_of(name, way.words()), random, 180,
                   [&] { expect_whole_checkpoints(output_dir); });
    if (HasFailure()) return;

    const Repo repo{.id = RepoId::parse("demo/" + name)};
    Names messages;
    for (const GitCommit& commit : commits_of(repo)) {
      messages.push_back(commit.title);
      expect_right_commit(repo, commit, way);
    }
    expect_messages(messages, way);
    EXPECT_TRUE(on_hub(repo, "model.safetensors", "main") ==
                read_file(output_dir / "checkpoint-40/model.safetensors"));
    expect_finished_card(repo);
    expect_tidy_folder(output_dir, way);
    fs::remove_all(output_dir);
  });
}

}  // namespace
}  // namespace torchhub
