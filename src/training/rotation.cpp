#include "torchhub/base/log.h"
#include "torchhub/training/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "checkpoint-";
/// Python's mark of a save that SIGTERM cut short.
constexpr std::string_view kIncompleteMark = "checkpoint-is-incomplete.txt";

}  // namespace

std::string checkpoint_name(std::int64_t step) { return fmt::format("{}{}", kPrefix, step); }

std::optional<std::int64_t> checkpoint_step(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto result = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  if (checkpoint_name(step) != name) return std::nullopt;  // checkpoint-007 is none of ours
  return step;
}

bool is_complete_checkpoint(const fs::path& folder) {
  return fs::is_regular_file(folder / "trainer_state.json") &&
         !fs::exists(folder / kIncompleteMark);
}

std::vector<std::int64_t> complete_checkpoints(const fs::path& run_folder) {
  std::vector<std::int64_t> steps;
  if (!fs::is_directory(run_folder)) return steps;
  for (const auto& entry : fs::directory_iterator(run_folder)) {
    const auto step = checkpoint_step(entry.path());
    if (!step || !entry.is_directory()) continue;
    if (is_complete_checkpoint(entry.path())) {
      steps.push_back(*step);
    } else {
      log::warning("checkpoint_incomplete", {{"folder", entry.path().string()}});
    }
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

void remove_unfinished(const fs::path& run_folder) {
  const auto remove_below = [](const fs::path& folder, const std::regex& names) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (!std::regex_match(entry.path().filename().string(), names)) continue;
      fs::remove_all(entry.path(), error);
      if (error) {
        log::warning("unfinished_not_removed",
                     {{"path", entry.path().string()}, {"error", error.message()}});
      } else {
        log::info("unfinished_removed", {{"path", entry.path().string()}});
      }
    }
  };
  // As AtomicFile, AtomicFolder and Snapshot name them; a user's `.tmp-notes` stays.
  remove_below(run_folder, std::regex(R"(\.tmp-.+-[0-9a-f]{8})"));
  remove_below(run_folder / "_torchhub", std::regex("push-.+"));
}

std::vector<std::int64_t> steps_to_delete(std::vector<std::int64_t> steps, std::size_t limit,
                                          const KeptSteps& kept) {
  std::vector<std::int64_t> gone;
  if (limit == 0) return gone;
  std::sort(steps.begin(), steps.end());
  for (const std::int64_t step : steps) {
    if (steps.size() - gone.size() <= limit) break;
    if (step != kept.newest && step != kept.best) gone.push_back(step);
  }
  return gone;
}

}  // namespace torchhub
