#include "server/api/preupload.h"

#include "server/api/json_body.h"
#include "server/git/attributes.h"
#include "server/git/object_intake.h"
#include "server/git/tree_edit.h"
#include "server/http/api_error.h"
#include "server/repos/commit_checks.h"
#include "server/repos/repo_maker.h"
#include "torchhub/base/base64.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxFiles = 1000;
/// A binary file of this size or more goes to LFS even if no rule says so.
constexpr std::uint64_t kBinaryLimit = std::uint64_t{1} << 20;
/// Of a .gitignore in the repository; a larger one is passed over.
constexpr std::uint64_t kMaxRuleBytes = std::uint64_t{1} << 20;

struct AskedFile {
  std::string path;
  std::uint64_t size = 0;
  bool binary = false;
};

AskedFile parse_file(const json& value) {
  if (!value.is_object()) throw ApiError(400, "'files' must be a list of objects.");
  AskedFile file{need_text(value, "path")};
  need_good_path(file.path);
  const auto size = value.find("size");
  if (size == value.end() || !size->is_number_unsigned()) {
    throw ApiError(400, fmt::format("'size' of '{}' must be a whole number.", file.path));
  }
  file.size = size->get<std::uint64_t>();
  const auto sample = base64_decode(optional_text(value, "sample").value_or(""));
  if (!sample) throw ApiError(400, fmt::format("'sample' of '{}' is not base64.", file.path));
  file.binary = sample->find('\0') != std::string::npos;
  return file;
}

/// The rules that will hold once the commit is made: those of the revision, with the client's own
/// .gitattributes and .gitignore in their place if it sends them along.
class Rules {
 public:
  Rules(const HubState& hub, const RepoRow& repo, const std::string& commit, const json& body)
      : git_(hub.open(repo)), intake_(git_, hub.folder), commit_(git::parse_oid(commit)) {
    const auto ignore = optional_text(body, "gitIgnore");
    const std::string text =
        ignore ? *ignore : git_.file(commit, ".gitignore", kMaxRuleBytes).value_or("");
    git::check(git_ignore_add_rule(intake_.repository(), text.c_str()), "read .gitignore");
    if (const auto sent = optional_text(body, "gitAttributes")) use_attributes(hub, *sent);
  }

  bool is_lfs(const std::string& path) const {
    return git::is_lfs_path(intake_.repository(), commit_, path);
  }

  bool is_ignored(const std::string& path) const {
    int ignored = 0;
    git::check(git_ignore_path_is_ignored(&ignored, intake_.repository(), path.c_str()),
               "apply .gitignore");
    return ignored != 0;
  }

 private:
  /// Puts them into a commit that nobody will see: libgit2 reads rules from a commit.
  void use_attributes(const HubState& hub, const std::string& text) {
    const auto found = git::made<git::CommitHandle>("find a commit", git_commit_lookup,
                                                    intake_.repository(), &commit_);
    const auto base = git::made<git::TreeHandle>("read a tree", git_commit_tree, found.get());
    git::TreeEdit edit(intake_.repository(), base.get());
    edit.put(".gitattributes", intake_.write_blob(text));
    const git_oid root = edit.write();
    const auto tree =
        git::made<git::TreeHandle>("read a tree", git_tree_lookup, intake_.repository(), &root);
    const auto author = signature_of(hub, "torchhub");
    git::check(git_commit_create(&commit_, intake_.repository(), nullptr, author.get(),
                                 author.get(), nullptr, "probe", tree.get(), 0, nullptr),
               "apply .gitattributes");
  }

  git::Repository git_;
  git::ObjectIntake intake_;
  git_oid commit_;
};

bool goes_to_lfs(const HubState& hub, const Rules& rules, const AskedFile& file) {
  if (file.size == 0) return false;
  if (file.size >= hub.options.max_regular_bytes) return true;
  if (file.binary && file.size >= kBinaryLimit) return true;
  return rules.is_lfs(file.path);
}

}  // namespace

json preupload(const HubState& hub, const RepoRow& repo, const std::string& commit,
               const json& body) {
  const auto list = body.find("files");
  if (list == body.end() || !list->is_array()) throw ApiError(400, "'files' must be a list.");
  if (list->size() > kMaxFiles) throw ApiError(413, "Ask for at most 1,000 files at once.");
  const Rules rules(hub, repo, commit, body);
  const git::Repository git = hub.open(repo);
  json files = json::array();
  for (const json& value : *list) {
    const AskedFile file = parse_file(value);
    json answer{{"path", file.path},
                {"uploadMode", goes_to_lfs(hub, rules, file) ? "lfs" : "regular"},
                {"shouldIgnore", rules.is_ignored(file.path)}};
    if (const auto now = git.entry(commit, file.path); now && !now->is_folder) {
      answer["oid"] = now->lfs ? now->lfs->oid : now->oid;
    }
    files.push_back(std::move(answer));
  }
  return {{"files", std::move(files)}, {"commitOid", commit}};
}

}  // namespace torchhub::server
