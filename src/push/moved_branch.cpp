#include "push/moved_branch.h"

#include "push/sent_files.h"
#include "torchhub/base/sha256.h"
#include "torchhub/hub/errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace torchhub {
namespace {

/// By path.
using Contents = std::map<std::string, std::string>;

/// Of all files but the card.
Contents files(const HubClient& client, const PushJob& job, const std::string& revision,
               const std::stop_token& stop) {
  Contents contents;
  for (const RepoTreeEntry& entry : client.list_repo_tree(job.repo, revision, {}, true, stop)) {
    const bool counts = entry.type == RepoTreeEntry::Type::file && entry.path != "README.md";
    if (counts) contents[entry.path] = entry.content_id();
  }
  return contents;
}

/// Of those that the job would replace.
Contents replaced_files(const HubClient& client, const PushJob& job, const std::string& revision,
                        const std::stop_token& stop) {
  PathFilter touched{.allow = job.replaced};
  const std::vector<std::string> paths = job.snapshot.paths();
  touched.allow.insert(touched.allow.end(), paths.begin(), paths.end());
  Contents contents = files(client, job, revision, stop);
  std::erase_if(contents, [&](const auto& file) { return !touched.takes(file.first); });
  return contents;
}

bool has(const Contents& contents, const std::string& path, const std::string& content_id) {
  const auto found = contents.find(path);
  return found != contents.end() && found->second == content_id;
}

/// Is that what the job would put there? Then it was this very job, whose process did not live to
/// note it.
bool is_ours(const PushJob& job, const std::string& path, const std::string& content_id) {
  const std::filesystem::path file = job.snapshot.folder() / path;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return false;
  constexpr std::size_t kSha256Digits = 64;
  return content_id == (content_id.size() == kSha256Digits ? sha256_hex_of_file(file)
                                                           : git_blob_id_of_file(file));
}

}  // namespace

void require_not_moved(const HubClient& client, const PushJob& job, const PushJournal& journal,
                       const std::string& known, const std::stop_token& stop) {
  const std::string head = client.repo_info(job.repo, job.revision, stop).sha;
  if (known.empty() || head == known) return;
  Contents before;
  try {
    before = replaced_files(client, job, known, stop);
  } catch (const RevisionNotFoundError&) {
    return;  // history was rewritten: there is nothing to compare with
  }
  const SentFiles sent(journal);
  std::vector<std::string> changed;
  for (const auto& [path, content] : replaced_files(client, job, head, stop)) {
    const bool is_known = has(before, path, content) || is_ours(job, path, content);
    if (!is_known && !sent.hold(job, path, content)) changed.push_back(path);
  }
  if (changed.empty()) return;
  throw BranchMovedError(fmt::format(
      "'{}' was not pushed to {} of '{}': since it was saved, others have changed {} there (commit "
      "{}). Push it on top of that with 'torchhub push resume {} --on-top', or delete '{}'.",
      job.commit_message, job.revision, job.repo.id.str(), fmt::join(changed, ", "), head,
      journal.output_dir().string(), job.snapshot.folder().parent_path().string()));
}

bool only_we_have_moved(const HubClient& client, const PushJob& job, const PushJournal& journal,
                        const std::string& known, const std::string& head,
                        const std::stop_token& stop) {
  const SentFiles sent(journal);
  const Contents now = files(client, job, head, stop);
  const Contents before = files(client, job, known, stop);
  const PathFilter replaced{.allow = job.replaced};
  return std::all_of(now.begin(), now.end(),
                     [&](const auto& file) {
                       return has(before, file.first, file.second) ||
                              sent.hold(job, file.first, file.second);
                     }) &&
         std::all_of(before.begin(), before.end(), [&](const auto& file) {
           return now.contains(file.first) ||
                  (!replaced.allow.empty() && replaced.takes(file.first));
         });
}

}  // namespace torchhub
