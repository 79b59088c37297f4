#include "hub/json_fields.h"
#include "hub/upload_plan.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/base64.h"
#include "torchhub/base/cancel.h"
#include "torchhub/base/sha256.h"
#include "torchhub/http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <span>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSampleBytes = 512;
constexpr std::size_t kFilesAtOnce = 256;

std::uint64_t size_of(const CommitOperationAdd& operation) {
  if (const auto* bytes = std::get_if<std::string>(&operation.content)) return bytes->size();
  const fs::path& path = std::get<fs::path>(operation.content);
  std::error_code error;
  if (fs::is_directory(path, error)) {
    throw FileError(fmt::format("'{}' is a folder; '{}' needs a file. Use upload_folder.",
                                path.string(), operation.path_in_repo),
                    path);
  }
  const std::uint64_t size = fs::file_size(path, error);
  if (error) throw_file_error("read", path, error.value());
  return size;
}

std::string sample_of(const CommitOperationAdd& operation) {
  if (const auto* bytes = std::get_if<std::string>(&operation.content)) {
    return bytes->substr(0, kSampleBytes);
  }
  const fs::path& path = std::get<fs::path>(operation.content);
  std::string sample(kSampleBytes, '\0');
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_file_error("read", path, errno);
  file.read(sample.data(), static_cast<std::streamsize>(sample.size()));
  sample.resize(static_cast<std::size_t>(file.gcount()));
  return sample;
}

/// A .gitignore that goes up with the rest already counts for its neighbours.
std::optional<std::string> git_ignore_among(const std::vector<PlannedFile>& files) {
  for (const PlannedFile& file : files) {
    if (file.path() == ".gitignore") return file.bytes();
  }
  return std::nullopt;
}

void apply_answer(const nlohmann::json& answer, std::span<PlannedFile> files, const HubApi& api) {
  std::map<std::string, const nlohmann::json*> by_path;
  const nlohmann::json& entries = field(answer, "files");
  for (const nlohmann::json& entry : entries) by_path[text_field(entry, "path")] = &entry;
  for (PlannedFile& file : files) {
    const auto found = by_path.find(file.path());
    const std::string mode = found == by_path.end() ? "" : text_field(*found->second, "uploadMode");
    if (mode != "lfs" && mode != "regular") {
      throw BadAnswerError(
          fmt::format("{} did not say how '{}' should be sent. Check that "
                      "HF_ENDPOINT is a Hub.",
                      api.endpoint(), file.path()));
    }
    // An empty file has no use for LFS, whatever its name matches.
    const bool lfs = mode == "lfs" && file.size > 0;
    file.mode = lfs ? PlannedFile::Mode::lfs : PlannedFile::Mode::regular;
    file.ignored = bool_field(*found->second, "shouldIgnore");
    file.remote_oid = text_field(*found->second, "oid");
  }
}

std::string sha256_of(const PlannedFile& file, std::stop_token stop) {
  if (file.operation->sha256) return *file.operation->sha256;
  if (const fs::path* path = file.file()) return sha256_hex_of_file(*path, stop);
  return sha256_hex(std::get<std::string>(file.operation->content));
}

void compare(PlannedFile& file, std::stop_token stop) {
  if (file.ignored) return;
  if (file.mode == PlannedFile::Mode::lfs) {
    file.sha256 = sha256_of(file, stop);
    file.unchanged = file.remote_oid == file.sha256;
  } else if (!file.remote_oid.empty()) {
    file.unchanged = file.remote_oid == git_blob_id(file.bytes());
  }
}

}  // namespace

std::string PlannedFile::bytes() const {
  if (const fs::path* path = file()) return read_file(*path);
  return std::get<std::string>(operation->content);
}

UploadPlan plan_upload(const HubApi& api, const Repo& repo,
                       const std::vector<const CommitOperationAdd*>& files,
                       const CommitOptions& options, std::stop_token stop) {
  UploadPlan plan;
  for (const CommitOperationAdd* operation : files) {
    plan.files.push_back({.operation = operation, .size = size_of(*operation)});
  }
  const auto git_ignore = git_ignore_among(plan.files);
  const std::string url = api.api_url(repo, "/preupload/" + percent_encode(options.revision) +
                                                (options.create_pr ? "?create_pr=1" : ""));
  const RequestContext context =
      api.writing(fmt::format("preparing a commit to '{}'", repo.id.str()), repo, options.revision);
  for (std::size_t begin = 0; begin < plan.files.size(); begin += kFilesAtOnce) {
    const std::size_t count = std::min(kFilesAtOnce, plan.files.size() - begin);
    const std::span<PlannedFile> batch(plan.files.data() + begin, count);
    nlohmann::json list = nlohmann::json::array();
    for (const PlannedFile& file : batch) {
      list.push_back({{"path", file.path()},
                      {"sample", base64_encode(sample_of(*file.operation))},
                      {"size", file.size}});
    }
    nlohmann::json body{{"files", std::move(list)}};
    if (git_ignore) body["gitIgnore"] = *git_ignore;
    const nlohmann::json answer = api.post_json(url, body, context, stop, true);
    apply_answer(answer, batch, api);
    if (plan.head.empty()) plan.head = text_field(answer, "commitOid");
  }
  for (PlannedFile& file : plan.files) {
    throw_if_cancelled(stop, "hashing '" + file.path() + "'");
    compare(file, stop);
  }
  return plan;
}

}  // namespace torchhub
