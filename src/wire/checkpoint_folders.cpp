#include "torchhub/wire/checkpoint_folders.h"

#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

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

}  // namespace torchhub
