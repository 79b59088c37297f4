#include "torchhub/base/log.h"
#include "torchhub/training/checkpoint.h"

#include <algorithm>
#include <regex>

namespace torchhub {

namespace fs = std::filesystem;

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
  // As AtomicFile and AtomicFolder name them; a user's `.tmp-notes` stays.
  remove_below(run_folder, std::regex(R"(\.tmp-.+-[0-9a-f]{8})"));
  // Copies for pushes as torchhub 0.1 left them; those of today are finished (push/journal.h).
  remove_below(run_folder / "_torchhub", std::regex("push-[0-9a-f]{12}"));
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
