#include "server/git/compare.h"

#include <fmt/format.h>

#include <cstdint>

namespace torchhub::server::git {
namespace {

using DiffHandle = std::unique_ptr<git_diff, Release<&git_diff_free>>;

/// Looking for renames compares each removed file with each new one.
constexpr std::size_t kMaxFilesForRenames = 1000;
/// Files that are larger are said to differ, without the lines.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{2} << 20;

DiffHandle plain_diff(const Repository& repository, const Comparison& comparison) {
  const TreeHandle from = comparison.from ? repository.tree_of(*comparison.from) : nullptr;
  const TreeHandle to = repository.tree_of(comparison.to);
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
  options.max_size = static_cast<git_off_t>(kMaxFileBytes);
  options.id_abbrev = GIT_OID_HEXSZ;
  git_diff* raw = nullptr;
  check(git_diff_tree_to_tree(&raw, repository.handle(), from.get(), to.get(), &options),
        "compare two commits");
  return DiffHandle(raw);
}

DiffHandle diff_of(const Repository& repository, const Comparison& comparison) {
  DiffHandle diff = plain_diff(repository, comparison);
  if (git_diff_num_deltas(diff.get()) <= kMaxFilesForRenames) {
    check(git_diff_find_similar(diff.get(), nullptr), "look for renames");
  }
  return diff;
}

struct Output {
  std::string text = {};
  std::size_t max_bytes = 0;
};

constexpr int kEnough = 1;

int append_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line,
                void* payload) {
  auto& output = *static_cast<Output*>(payload);
  const bool marked = line->origin == GIT_DIFF_LINE_CONTEXT ||
                      line->origin == GIT_DIFF_LINE_ADDITION ||
                      line->origin == GIT_DIFF_LINE_DELETION;
  if (output.text.size() + line->content_len + 1 > output.max_bytes) return kEnough;
  if (marked) output.text += line->origin;
  output.text.append(line->content, line->content_len);
  return 0;
}

char letter_of(git_delta_t status) {
  switch (status) {
    case GIT_DELTA_ADDED:
      return 'A';
    case GIT_DELTA_DELETED:
      return 'D';
    case GIT_DELTA_RENAMED:
      return 'R';
    case GIT_DELTA_COPIED:
      return 'C';
    case GIT_DELTA_TYPECHANGE:
      return 'T';
    default:
      return 'M';
  }
}

struct Content {
  bool binary = false;
  std::uint64_t size = 0;
};

BlobHandle read_blob(const Repository& repository, const git_oid& id) {
  git_blob* raw = nullptr;
  git_blob_lookup(&raw, repository.handle(), &id);
  return BlobHandle(raw);
}

std::optional<LfsPointer> pointer_in(const git_blob& blob) {
  return LfsPointer::parse({static_cast<const char*>(git_blob_rawcontent(&blob)),
                            static_cast<std::size_t>(git_blob_rawsize(&blob))});
}

/// Of a blob here; nothing for a submodule's commit. Reads no more than its head.
std::optional<std::uint64_t> blob_size(git_odb& odb, const git_oid& id) {
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, &odb, &id) != 0 || type != GIT_OBJECT_BLOB) return {};
  return size;
}

Content content_of(const Repository& repository, git_odb& odb, const git_oid& id) {
  const auto size = blob_size(odb, id);
  if (!size) return {};
  if (*size > kMaxFileBytes) return {true, *size};
  const BlobHandle blob = read_blob(repository, id);
  if (!blob) return {};
  if (const auto pointer = pointer_in(*blob)) return {true, pointer->size};
  return {git_blob_is_binary(blob.get()) != 0, *size};
}

std::string left_out(std::size_t max_bytes) {
  return fmt::format(
      "[The diff is longer than {} bytes; the rest is left out. Compare fewer commits, or fetch "
      "them and use git diff.]\n",
      max_bytes);
}

}  // namespace

std::string unified_diff(const Repository& repository, const Comparison& comparison,
                         std::size_t max_bytes) {
  const DiffHandle diff = diff_of(repository, comparison);
  Output output{.max_bytes = max_bytes};
  const int code = git_diff_print(diff.get(), GIT_DIFF_FORMAT_PATCH, append_line, &output);
  if (code != kEnough) check(code, "print a diff");
  if (code == kEnough) {
    if (!output.text.empty() && output.text.back() != '\n') output.text += '\n';
    output.text += left_out(max_bytes);
  }
  return std::move(output.text);
}

std::string raw_diff(const Repository& repository, const Comparison& comparison,
                     std::size_t max_bytes) {
  const DiffHandle diff = diff_of(repository, comparison);
  const auto odb = made<OdbHandle>("open the objects", git_repository_odb, repository.handle());
  std::string out;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta& delta = *git_diff_get_delta(diff.get(), i);
    const Content content = content_of(repository, *odb, delta.new_file.id);
    const bool two_paths = delta.status == GIT_DELTA_RENAMED || delta.status == GIT_DELTA_COPIED;
    std::string line = fmt::format(
        "{} {}\t:{:06o} {:06o} {}... {}... {}", content.binary ? 'B' : 'T', content.size,
        static_cast<unsigned>(delta.old_file.mode), static_cast<unsigned>(delta.new_file.mode),
        to_hex(delta.old_file.id), to_hex(delta.new_file.id), letter_of(delta.status));
    if (two_paths) line += fmt::format("{}\t{}", delta.similarity, delta.old_file.path);
    line += fmt::format("\t{}\n", delta.new_file.path);
    if (out.size() + line.size() > max_bytes) return out + left_out(max_bytes);
    out += line;
  }
  return out;
}

std::vector<LfsPointer> new_pointers(const Repository& repository, const Comparison& comparison) {
  const DiffHandle diff = plain_diff(repository, comparison);
  const auto odb = made<OdbHandle>("open the objects", git_repository_odb, repository.handle());
  std::vector<LfsPointer> out;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_oid& id = git_diff_get_delta(diff.get(), i)->new_file.id;
    const auto size = blob_size(*odb, id);
    if (!size || *size >= LfsPointer::kMaxBytes) continue;
    const BlobHandle blob = read_blob(repository, id);
    if (const auto pointer = blob ? pointer_in(*blob) : std::nullopt) out.push_back(*pointer);
  }
  return out;
}

}  // namespace torchhub::server::git
