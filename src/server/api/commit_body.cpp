#include "server/api/commit_body.h"

#include "server/http/api_error.h"
#include "server/repos/commit_checks.h"
#include "torchhub/base/utf8.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{28} << 20;  // 20 MiB as base64
constexpr std::size_t kMaxChanges = 25000;
constexpr std::size_t kMaxSummary = 1000;
constexpr std::size_t kMaxDescriptionBytes = std::size_t{64} << 10;

}  // namespace

CommitBody::CommitBody(HubState& hub, RepoRow repo, std::string user, Finish finish)
    : hub_(hub),
      repo_(std::move(repo)),
      finish_(std::move(finish)),
      git_(hub.open(repo_)),
      intake_(git_, hub.folder) {
  plan_.offered_by = std::move(user);
}

void CommitBody::take(std::span<const std::byte> bytes) {
  total_ += bytes.size();
  if (total_ > hub_.options.max_commit_bytes) {
    throw ApiError(413, fmt::format("A commit's body may have {} bytes. Split it into several "
                                    "commits, or send large files by LFS.",
                                    hub_.options.max_commit_bytes));
  }
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (line_.empty()) {
      take_line(text.substr(0, end));
    } else {
      line_.append(text.substr(0, end));
      take_line(line_);
      line_.clear();
    }
    text.remove_prefix(end + 1);
  }
  line_.append(text);
  if (line_.size() > kMaxLineBytes) {
    throw ApiError(413, "A line of the commit is over 28 MiB. Send the file by LFS.");
  }
}

void CommitBody::take_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  CommitLine parsed = [&] {
    try {
      return parse_commit_line(line);
    } catch (const InvalidArgumentError& error) {
      throw ApiError(400, error.what());
    }
  }();
  if (has_header_ == std::holds_alternative<CommitHeaderLine>(parsed)) {
    throw ApiError(400, "The first line of a commit, and only it, must be the 'header'.");
  }
  if (plan_.changes.size() == kMaxChanges) {
    throw ApiError(413, "A commit may have 25,000 operations. Split it into several commits.");
  }
  std::visit([this](auto& found) { take(std::move(found)); }, parsed);
}

void CommitBody::take(CommitHeaderLine line) {
  if (line.summary.empty()) throw ApiError(400, "The header needs a 'summary'.");
  line.summary.resize(first_characters(line.summary, kMaxSummary).size());
  if (line.description.size() > kMaxDescriptionBytes) {
    throw ApiError(400, fmt::format("'description' has {} bytes; it may have {}.",
                                    line.description.size(), kMaxDescriptionBytes));
  }
  plan_.header = std::move(line);
  has_header_ = true;
}

void CommitBody::take(CommitFileLine line) {
  need_good_path(line.path);
  // What reads as a pointer is one: else it could name an object of somebody else's.
  if (const auto pointer = LfsPointer::parse(line.content)) {
    return put_lfs(line.path, *pointer, line.content);  // it may hold lines of git-lfs extensions
  }
  need_good_file(hub_.options, line.path, line.content);
  plan_.changes.push_back(PutChange{std::move(line.path), intake_.write_blob(line.content)});
}

void CommitBody::take(CommitLfsFileLine line) {
  need_good_path(line.path);
  if (!is_lfs_oid(line.oid)) {
    throw ApiError(400, fmt::format("'{}': the oid must be 64 lower-case hex digits.", line.path));
  }
  const auto stored = hub_.objects.size(line.oid);
  const LfsPointer pointer{line.oid, line.size.value_or(stored.value_or(0))};
  put_lfs(line.path, pointer, pointer.text());
}

void CommitBody::put_lfs(const std::string& path, const LfsPointer& pointer,
                         const std::string& text) {
  const bool ours = hub_.repo_objects.is_linked(repo_.id, pointer.oid);
  const bool offered = !ours && hub_.offers.has(repo_.id, plan_.offered_by, pointer.oid);
  if (!ours && !offered) refuse_pointer(path, pointer);
  if (hub_.objects.size(pointer.oid) != pointer.size) refuse_pointer(path, pointer);
  if (offered) plan_.offered.push_back(pointer);
  plan_.changes.push_back(PutChange{path, intake_.write_blob(text), pointer});
}

void CommitBody::delete_path(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  need_good_path(path);
  plan_.changes.push_back(DeleteChange{std::move(path)});
}

void CommitBody::take(CommitDeletedFileLine line) { delete_path(std::move(line.path)); }

void CommitBody::take(CommitDeletedFolderLine line) { delete_path(std::move(line.path)); }

void CommitBody::take(CommitCopyFileLine line) {
  need_good_path(line.path);
  plan_.changes.push_back(CopyChange{std::move(line.path), std::move(line.source_path),
                                     std::move(line.source_revision)});
}

HttpResponse CommitBody::finish() {
  if (!line_.empty()) take_line(line_);
  if (!has_header_) throw ApiError(400, "The commit has no 'header' line.");
  return finish_(plan_, intake_);
}

}  // namespace torchhub::server
