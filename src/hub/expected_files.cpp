#include "hub/expected_files.h"

#include "hub/json_fields.h"
#include "torchhub/base/sha256.h"
#include "torchhub/http/url.h"
#include "torchhub/wire/commit_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace torchhub {
namespace {

std::string_view folder_path(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// A folder that was deleted before is there again once a file lies in it.
void put(ExpectedFiles& files, const std::string& path, ContentIds ids) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const auto folder = files.find(std::string_view(path).substr(0, slash));
    if (folder != files.end() && folder->second.absent()) files.erase(folder);
  }
  files[path] = std::move(ids);
}

/// A file, or a folder and what lies in it: both lines may name either.
void remove(ExpectedFiles& files, std::string_view path) {
  const std::string gone(folder_path(path));
  std::erase_if(files, [&](const auto& file) { return file.first.starts_with(gone + "/"); });
  files[gone] = {};
}

void carry_out(const CommitLine& line, ExpectedFiles& files) {
  if (const auto* file = std::get_if<CommitFileLine>(&line)) {
    put(files, file->path, {git_blob_id(file->content), sha256_hex(file->content)});
  } else if (const auto* large = std::get_if<CommitLfsFileLine>(&line)) {
    put(files, large->path, {.sha256 = large->oid});
  } else if (const auto* deleted = std::get_if<CommitDeletedFileLine>(&line)) {
    remove(files, deleted->path);
  } else if (const auto* folder = std::get_if<CommitDeletedFolderLine>(&line)) {
    remove(files, folder->path);
  }
}

bool fits(const nlohmann::json* entry, const ContentIds& ids) {
  if (entry == nullptr || ids.absent()) return entry == nullptr && ids.absent();
  const std::string sha256 = text_field(field(*entry, "lfs"), "oid");
  return sha256.empty() ? text_field(*entry, "oid") == ids.git_blob_id : sha256 == ids.sha256;
}

bool all_fit(const nlohmann::json& entries, const std::vector<std::string>& paths,
             const ExpectedFiles& files) {
  std::map<std::string, const nlohmann::json*> by_path;
  for (const nlohmann::json& entry : entries) by_path[text_field(entry, "path")] = &entry;
  return std::all_of(paths.begin(), paths.end(), [&](const std::string& path) {
    const auto entry = by_path.find(path);
    return fits(entry == by_path.end() ? nullptr : entry->second, files.at(path));
  });
}

}  // namespace

ExpectedFiles files_after(std::string_view lines) {
  ExpectedFiles files;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    carry_out(parse_commit_line(lines.substr(0, end)), files);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  files.erase(".gitattributes");
  return files;
}

bool tree_has(const HubApi& api, const Repo& repo, const std::string& commit,
              const ExpectedFiles& files, std::stop_token stop) {
  constexpr std::size_t kPathsAtOnce = 500;  // a Hub refuses more than 1,000
  const std::string url = api.api_url(repo, "/paths-info/" + percent_encode(commit));
  const RequestContext context =
      api.context(fmt::format("looking whether commit {} of '{}' is ours", commit, repo.id.str()),
                  repo, commit);
  for (auto next = files.begin(); next != files.end();) {
    std::vector<std::string> paths;
    for (; next != files.end() && paths.size() < kPathsAtOnce; ++next) paths.push_back(next->first);
    const nlohmann::json entries =
        api.post_json(url, {{"paths", paths}, {"expand", false}}, context, stop, true);
    if (!all_fit(entries, paths, files)) return false;
  }
  return true;
}

}  // namespace torchhub
