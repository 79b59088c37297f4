#include "hub/api.h"
#include "hub/card_check.h"
#include "hub/commit_delivery.h"
#include "hub/commit_request.h"
#include "hub/json_fields.h"
#include "hub/lfs_upload.h"
#include "hub/upload_plan.h"
#include "torchhub/base/log.h"
#include "torchhub/http/url.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/lfs_pointer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace torchhub {
namespace {

std::string_view bare(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

const std::string& target_of(const CommitOperation& operation) {
  return std::visit([](const auto& o) -> const std::string& { return o.path_in_repo; }, operation);
}

void check(const std::vector<CommitOperation>& operations, const CommitOptions& options) {
  std::vector<std::string> problems;
  if (options.commit_message.empty()) problems.emplace_back("the commit message is empty");
  if (options.commit_message.find('\n') != std::string::npos) {
    problems.emplace_back("the commit message has more than one line; use commit_description");
  }
  if (options.parent_commit && !is_commit_hash(*options.parent_commit)) {
    problems.push_back(
        fmt::format("parent_commit '{}' is not a full commit hash", *options.parent_commit));
  }
  std::set<std::string> added;
  for (const CommitOperation& operation : operations) {
    const std::string& path = target_of(operation);
    if (const auto problem = problem_of_repo_path(bare(path))) {
      problems.push_back(fmt::format("'{}': {}", path, *problem));
    }
    if (std::holds_alternative<CommitOperationDelete>(operation)) continue;
    if (!added.insert(path).second) problems.push_back(fmt::format("'{}' is added twice", path));
  }
  for (const CommitOperation& operation : operations) {
    const auto* add = std::get_if<CommitOperationAdd>(&operation);
    if (add != nullptr && add->sha256 && !is_lfs_oid(*add->sha256)) {
      problems.push_back(
          fmt::format("the sha256 of '{}' is not 64 lower-case hex digits", add->path_in_repo));
    }
  }
  if (!problems.empty()) throw InvalidArgumentError("The commit is not valid", std::move(problems));
}

/// One call of create_commit (hub-protocol 8.1).
class Commit {
 public:
  Commit(const HubClient& client, const HubApi& api, const Repo& repo,
         const std::vector<CommitOperation>& operations, const CommitOptions& options,
         std::stop_token stop)
      : client_(client),
        api_(api),
        repo_(repo),
        operations_(operations),
        options_(options),
        stop_(std::move(stop)),
        request_(api, repo, options) {}

  CommitInfo run() {
    check(operations_, options_);
    static_cast<void>(request_.context());  // without a token nothing should be hashed or asked
    validate_card();
    std::vector<const CommitOperationAdd*> adds;
    for (const CommitOperation& operation : operations_) {
      if (const auto* add = std::get_if<CommitOperationAdd>(&operation)) adds.push_back(add);
    }
    if (!adds.empty()) plan_ = plan_upload(api_, repo_, adds, options_, stop_);
    const std::uint64_t lfs_bytes = send_large_files();
    const std::uint64_t inline_bytes = write_lines();
    if (request_.empty()) return unchanged();
    CommitInfo info = send();
    info.bytes_sent = lfs_bytes + inline_bytes;
    if (info.commit_url.empty()) info.commit_url = api_.web_url(repo_, "/commit/" + info.oid);
    return info;
  }

 private:
  /// The Hub's own judgement of the card's metadata, before anything large travels.
  void validate_card() const {
    for (const CommitOperation& operation : operations_) {
      const auto* add = std::get_if<CommitOperationAdd>(&operation);
      if (add == nullptr || add->path_in_repo != "README.md") continue;
      const RequestContext context =
          api_.writing(fmt::format("checking README.md of '{}'", repo_.id.str()), repo_);
      validate_yaml(api_, PlannedFile{.operation = add}.bytes(), repo_.type, context, stop_);
    }
  }

  std::uint64_t send_large_files() const {
    std::vector<const PlannedFile*> large;
    for (const PlannedFile& file : plan_.files) {
      const bool goes = file.mode == PlannedFile::Mode::lfs && !file.ignored && !file.unchanged;
      if (goes) large.push_back(&file);
    }
    return large.empty() ? 0 : upload_lfs_objects(api_, repo_, large, options_, stop_);
  }

  /// In the order of the operations. @return bytes of file contents among them
  std::uint64_t write_lines() {
    std::uint64_t bytes = 0;
    auto planned = plan_.files.begin();
    for (const CommitOperation& operation : operations_) {
      if (std::holds_alternative<CommitOperationAdd>(operation)) {
        bytes += add_file(*planned++);
      } else if (const auto* remove = std::get_if<CommitOperationDelete>(&operation)) {
        add_deletion(*remove);
      } else {
        bytes += add_copy(std::get<CommitOperationCopy>(operation));
      }
    }
    return bytes;
  }

  std::uint64_t add_file(const PlannedFile& file) {
    if (file.ignored || file.unchanged) return 0;
    if (file.mode == PlannedFile::Mode::lfs) {
      request_.add_line(
          to_ndjson(CommitLfsFileLine{.path = file.path(), .oid = file.sha256, .size = file.size}));
      return 0;
    }
    CommitFileLine line{.path = file.path(), .content = file.bytes()};
    const std::uint64_t size = line.content.size();
    request_.add_line(to_ndjson(line));
    return size;
  }

  void add_deletion(const CommitOperationDelete& operation) {
    const bool is_folder = operation.path_in_repo.ends_with('/');
    if (is_folder) {
      request_.add_line(to_ndjson(CommitDeletedFolderLine{.path = operation.path_in_repo}));
    } else {
      request_.add_line(to_ndjson(CommitDeletedFileLine{.path = operation.path_in_repo}));
    }
  }

  /// A large file is named again by its id; a small one is fetched and sent.
  std::uint64_t add_copy(const CommitOperationCopy& operation) {
    const std::string revision = operation.source_revision.value_or(options_.revision);
    const RequestContext context =
        api_.context(fmt::format("copying '{}' in '{}'", operation.source_path, repo_.id.str()),
                     repo_, revision, operation.source_path);
    const nlohmann::json answer = api_.post_json(
        api_.api_url(repo_, "/paths-info/" + percent_encode(revision)),
        {{"paths", {operation.source_path}}, {"expand", false}}, context, stop_, true);
    for (const nlohmann::json& entry : answer) {
      if (text_field(entry, "path") != operation.source_path) continue;
      const std::string sha256 = text_field(field(entry, "lfs"), "oid");
      if (!sha256.empty()) {
        request_.add_line(
            to_ndjson(CommitLfsFileLine{.path = operation.path_in_repo, .oid = sha256}));
        return 0;
      }
      Request get{.url = api_.resolve_url_of(repo_, revision, operation.source_path),
                  .stall_timeout = api_.options().stall_timeout};
      CommitFileLine line{.path = operation.path_in_repo,
                          .content = api_.call(std::move(get), context, stop_).body};
      const std::uint64_t size = line.content.size();
      request_.add_line(to_ndjson(line));
      return size;
    }
    raise_for_status({.status = 404,
                      .headers = {{"X-Error-Code", "EntryNotFound"}},
                      .url = api_.api_url(repo_, "/paths-info/" + revision)},
                     context);
    return 0;
  }

  CommitInfo unchanged() {
    const std::string head = current_head();
    log::info("nothing_to_commit", {{"repo", repo_.id.str()}, {"head", head}});
    return {.oid = head,
            .commit_url = api_.web_url(repo_, "/commit/" + head),
            .commit_message = options_.commit_message,
            .commit_description = options_.commit_description,
            .changed = false};
  }

  std::string current_head() const { return plan_.head.empty() ? fresh_head() : plan_.head; }

  /// The head that our commit will come after. Hashing and sending large files may take minutes in
  /// which others commit, so it is read again then, which costs one GET beside an upload. After
  /// small files the one that preupload named is a moment old.
  std::string head_before() const {
    if (options_.parent_commit) return *options_.parent_commit;
    const bool took_long =
        std::any_of(plan_.files.begin(), plan_.files.end(), [](const PlannedFile& file) {
          return file.mode == PlannedFile::Mode::lfs && !file.ignored;
        });
    return took_long ? fresh_head() : current_head();
  }

  std::string fresh_head() const { return client_.repo_info(repo_, options_.revision, stop_).sha; }

  CommitInfo send() const {
    // A pull request is a branch of its own: there is no head to go on top of, nor to look at.
    if (options_.create_pr) return request_.send(options_.parent_commit, stop_);
    return CommitDelivery(client_, api_, repo_, options_, request_, stop_).send(head_before());
  }

  const HubClient& client_;
  const HubApi& api_;
  const Repo& repo_;
  const std::vector<CommitOperation>& operations_;
  const CommitOptions& options_;
  std::stop_token stop_;
  CommitRequest request_;
  UploadPlan plan_ = {};
};

}  // namespace

CommitInfo HubClient::create_commit(const Repo& repo,
                                    const std::vector<CommitOperation>& operations,
                                    const CommitOptions& options, std::stop_token stop) const {
  return Commit(*this, impl_->api, repo, operations, options, std::move(stop)).run();
}

}  // namespace torchhub
