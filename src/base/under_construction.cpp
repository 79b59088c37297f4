#include "base/under_construction.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace torchhub {
namespace {

std::mutex g_mutex;
std::vector<std::filesystem::path> g_folders;  // guarded by g_mutex; one or two at a time

}  // namespace

UnderConstruction::UnderConstruction(std::filesystem::path folder) : folder_(std::move(folder)) {
  const std::lock_guard lock(g_mutex);
  g_folders.push_back(folder_);
}

UnderConstruction::~UnderConstruction() {
  const std::lock_guard lock(g_mutex);
  g_folders.erase(std::find(g_folders.begin(), g_folders.end(), folder_));
}

bool UnderConstruction::covers(const std::filesystem::path& path) {
  const std::lock_guard lock(g_mutex);
  return std::any_of(g_folders.begin(), g_folders.end(), [&](const auto& folder) {
    const auto ends = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return ends.first == folder.end();
  });
}

}  // namespace torchhub
