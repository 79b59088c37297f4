#include "push/moved_branch.h"

#include "push/hub_card.h"
#include "push/pushed_card.h"
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
Contents contents_at(const HubClient& client, const PushJob& job, const std::string& revision,
                     const std::stop_token& stop) {
  Contents contents;
  for (const RepoTreeEntry& entry : client.list_repo_tree(job.repo, revision, {}, true, stop)) {
    const bool counts = entry.type == RepoTreeEntry::Type::file && entry.path != "README.md";
    if (counts) contents[entry.path] = entry.content_id();
  }
  return contents;
}

/// Of those that the job would replace.
Contents replaced_at(const HubClient& client, const PushJob& job, const JobFiles& files,
                     const std::string& revision, const std::stop_token& stop) {
  PathFilter touched{.allow = job.replaced};
  for (const auto& [path, source] : files.sources) touched.allow.push_back(path);
  Contents contents = contents_at(client, job, revision, stop);
  std::erase_if(contents, [&](const auto& file) { return !touched.takes(file.first); });
  return contents;
}

bool has(const Contents& contents, const std::string& path, const std::string& content_id) {
  const auto found = contents.find(path);
  return found != contents.end() && found->second == content_id;
}

/// Is that what the job would put there? Then it was this very job, whose process did not live to
/// note it.
bool is_ours(const JobFiles& files, const std::string& path, const std::string& content_id) {
  const auto found = files.sources.find(path);
  std::error_code error;
  if (found == files.sources.end() || !std::filesystem::exists(found->second, error)) return false;
  constexpr std::size_t kSha256Digits = 64;
  return content_id == (content_id.size() == kSha256Digits ? sha256_hex_of_file(found->second)
                                                           : git_blob_id_of_file(found->second));
}

/// But for the card: files that came, changed or went since `known` by other hands.
bool has_foreign_files(const HubClient& client, const PushJob& job, const PushJournal& journal,
                       const std::string& known, const std::string& head,
                       const std::stop_token& stop) {
  const SentFiles sent(journal);
  const Contents now = contents_at(client, job, head, stop);
  const Contents before = contents_at(client, job, known, stop);
  return std::any_of(now.begin(), now.end(),
                     [&](const auto& file) {
                       const auto& [path, content] = file;
                       return !has(before, path, content) && !sent.hold(job, path, content);
                     }) ||
         std::any_of(before.begin(), before.end(), [&](const auto& file) {
           return !now.contains(file.first) && !sent.may_have_deleted(job, file.first);
         });
}

}  // namespace

JobFiles files_of(const Snapshot& snapshot) {
  JobFiles files{.entry = snapshot.folder().parent_path()};
  for (const std::string& path : snapshot.paths()) files.sources[path] = snapshot.folder() / path;
  return files;
}

void require_not_moved(const HubClient& client, const PushJob& job, const JobFiles& files,
                       const PushJournal& journal, const std::string& known,
                       const std::stop_token& stop) {
  const std::string head = client.repo_info(job.repo, job.revision, stop).sha;
  if (known.empty() || head == known) return;
  Contents before;
  try {
    before = replaced_at(client, job, files, known, stop);
  } catch (const RevisionNotFoundError&) {
    return;  // history was rewritten: there is nothing to compare with
  }
  const SentFiles sent(journal);
  std::vector<std::string> changed;
  for (const auto& [path, content] : replaced_at(client, job, files, head, stop)) {
    const bool is_known = has(before, path, content) || is_ours(files, path, content);
    if (!is_known && !sent.hold(job, path, content)) changed.push_back(path);
  }
  if (changed.empty()) return;
  throw BranchMovedError(fmt::format(
      "'{}' was not pushed to {} of '{}': since it was saved, others have changed {} there (commit "
      "{}). Push it on top of that with 'torchhub push resume {} --on-top'{}.",
      job.commit_message, job.revision, job.repo.id.str(), fmt::join(changed, ", "), head,
      journal.output_dir().string(),
      files.entry.empty() ? "" : fmt::format(", or delete '{}'", files.entry.string())));
}

bool only_we_have_moved(const HubClient& client, const PushJob& job, const PushJournal& journal,
                        const std::string& known, const std::string& head,
                        const std::stop_token& stop) {
  try {
    if (has_foreign_files(client, job, journal, known, head, stop)) return false;
    const auto card = card_on_hub(client, job.repo, head, stop);
    return PushedCard(journal, job.place()).is_ours(card) ||
           card == card_on_hub(client, job.repo, known, stop);
  } catch (const RevisionNotFoundError&) {
    return false;  // history was rewritten
  }
}

}  // namespace torchhub
