#include "base/folder_name.h"
#include "push/git_tag.h"
#include "push/size_guard.h"
#include "torchhub/push/push_folder.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> problems_of(const PushFolderOptions& options) {
  std::vector<std::string> problems;
  if (options.organization && options.repo_id.find('/') != std::string::npos) {
    problems.push_back(fmt::format("repo_id '{}' names an owner, and organization is '{}'",
                                   options.repo_id, *options.organization));
  }
  if (options.revision && options.revision->empty()) problems.emplace_back("revision is empty");
  if (options.tag && !is_tag_name(*options.tag)) {
    problems.push_back(fmt::format("'{}' is no name for a git tag", *options.tag));
  }
  if (options.tag && options.create_pr) {
    problems.emplace_back(
        "tag cannot be set on a pull request (create_pr); set it after the merge");
  }
  if (options.commit_message && options.commit_message->empty()) {
    problems.emplace_back("commit_message is empty");
  }
  return problems;
}

std::string repo_id_of(const fs::path& folder, const PushFolderOptions& options) {
  const std::string name = options.repo_id.empty() ? folder_name(folder) : options.repo_id;
  return RepoId::parse(options.organization ? *options.organization + "/" + name : name).str();
}

}  // namespace

PushPlan plan_push(const fs::path& folder, const PushFolderOptions& options) {
  if (std::vector<std::string> problems = problems_of(options); !problems.empty()) {
    throw InvalidArgumentError("This push cannot be made", std::move(problems));
  }
  PushPlan plan{.repo_id = repo_id_of(folder, options),
                .revision = options.revision.value_or(std::string(kDefaultRevision)),
                .commit_message = options.commit_message.value_or(upload_message())};
  for (const auto& [path, stamp] : pushable_files(folder, options.filter)) {
    const auto before = options.unless_as.find(path);
    if (before != options.unless_as.end() && before->second == stamp) continue;
    plan.files.push_back({.path = path, .bytes = stamp.bytes});
    plan.bytes += stamp.bytes;
  }
  if (plan.files.empty() && options.unless_as.empty()) {
    throw InvalidArgumentError(fmt::format(
        "'{}' holds no file to push. Look at the folder and at the patterns of the filter.",
        folder.string()));
  }
  require_size(plan, options.max_bytes, fmt::format("'{}'", folder.string()));
  return plan;
}

std::string upload_message(std::string_view class_name) {
  // The first word that the name holds decides.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kinds{
      {{"Model", "model"},
       {"Config", "config"},
       {"Tokenizer", "tokenizer"},
       {"FeatureExtractor", "feature extractor"},
       {"Processor", "processor"}}};
  if (class_name.empty()) return "Upload folder using torchhub";
  for (const auto& [word, kind] : kinds) {
    if (class_name.find(word) != std::string_view::npos) return fmt::format("Upload {}", kind);
  }
  return fmt::format("Upload {}", class_name);
}

}  // namespace torchhub
