#include "hub/lfs_upload.h"

#include "hub/json_fields.h"
#include "hub/parallel.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <set>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLfsJson = "application/vnd.git-lfs+json";
constexpr std::size_t kObjectsAtOnce = 256;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Where the parts of one object go. Empty: it goes in one piece.
struct Parts {
  std::uint64_t chunk_size = 0;
  std::vector<std::string> urls = {};
};

Parts parts_of(const nlohmann::json& upload, const PlannedFile& file, const HubApi& api) {
  const nlohmann::json& header = field(upload, "header");
  const nlohmann::json& chunk = field(header, "chunk_size");
  if (chunk.is_null()) return {};
  Parts parts;
  parts.chunk_size = chunk.is_string() ? number(chunk.get<std::string>()).value_or(0)
                                       : size_field(header, "chunk_size").value_or(0);
  std::map<std::uint64_t, std::string> by_number;  // the keys are numbers, padded or not
  for (const auto& [key, url] : header.items()) {
    if (const auto part = number(key); part && url.is_string()) {
      by_number[*part] = url.get<std::string>();
    }
  }
  for (auto& [part, url] : by_number) parts.urls.push_back(std::move(url));
  const bool fits = parts.chunk_size > 0 &&
                    parts.urls.size() == (file.size + parts.chunk_size - 1) / parts.chunk_size;
  if (fits) return parts;
  throw BadAnswerError(
      fmt::format("{} cut '{}' ({} bytes) into {} parts of {} bytes, which does "
                  "not fit. Report it to those who run the Hub.",
                  api.endpoint(), file.path(), file.size, parts.urls.size(), parts.chunk_size));
}

RequestBody piece_of(const PlannedFile& file, std::uint64_t offset, std::uint64_t size) {
  if (const fs::path* path = file.file()) {
    return FileSlice{.path = *path, .offset = offset, .size = size};
  }
  return std::get<std::string>(file.operation->content).substr(offset, size);
}

/// Adds up the parts of each file and tells the caller, one step at a time.
class UploadProgress {
 public:
  explicit UploadProgress(const TransferProgressFn& tell) : tell_(tell) {}

  ByteProgress of_piece(const PlannedFile& file, std::size_t piece) {
    if (!tell_) return {};
    return [this, &file, piece](std::uint64_t done, std::uint64_t) {
      const std::scoped_lock lock(mutex_);
      auto& pieces = done_[&file];
      pieces[piece] = done;
      std::uint64_t sum = 0;
      for (const auto& [which, bytes] : pieces) sum += bytes;
      tell_({.direction = TransferProgress::Direction::upload,
             .path = file.path(),
             .bytes_done = sum,
             .bytes_total = file.size});
    };
  }

 private:
  const TransferProgressFn& tell_;
  std::mutex mutex_;
  std::map<const PlannedFile*, std::map<std::size_t, std::uint64_t>> done_;  // guarded by mutex_
};

class LfsUpload {
 public:
  LfsUpload(const HubApi& api, const Repo& repo, const CommitOptions& options)
      : api_(api), repo_(repo), options_(options), progress_(options.progress) {}

  /// @return the answer's entry for each oid
  std::map<std::string, nlohmann::json> ask(std::span<const PlannedFile* const> files,
                                            std::stop_token stop) const {
    nlohmann::json objects = nlohmann::json::array();
    for (const PlannedFile* file : files) {
      objects.push_back({{"oid", file->sha256}, {"size", file->size}});
    }
    nlohmann::json body{{"operation", "upload"},
                        {"transfers", {"basic", "multipart"}},
                        {"objects", std::move(objects)},
                        {"hash_algo", "sha256"}};
    if (!options_.create_pr) body["ref"] = {{"name", options_.revision}};
    const RequestContext context =
        api_.writing(fmt::format("asking where to upload large files of '{}'", repo_.id.str()),
                     repo_, options_.revision);
    const Response response = api_.call(
        json_post(api_.web_url(repo_, ".git/info/lfs/objects/batch"), body), context, stop);
    std::map<std::string, nlohmann::json> by_oid;
    const nlohmann::json answer = api_.parse_json(response, context);
    for (const nlohmann::json& entry : field(answer, "objects")) {
      by_oid[text_field(entry, "oid")] = entry;
    }
    return by_oid;
  }

  /// @return bytes sent
  std::uint64_t send(const PlannedFile& file, const nlohmann::json& entry, std::stop_token stop) {
    try {
      return send_once(file, entry, stop);
    } catch (const ForbiddenError&) {  // the signed link has run out: a fresh one, once
      const PlannedFile* const again[] = {&file};
      return send_once(file, ask(again, stop)[file.sha256], stop);
    }
  }

 private:
  static Request json_post(std::string url, const nlohmann::json& body) {
    return {.method = "POST",
            .url = std::move(url),
            .headers = {{"Accept", kLfsJson}, {"Content-Type", kLfsJson}},
            .body = body.dump()};
  }

  RequestContext context_of(const PlannedFile& file) const {
    return api_.writing(fmt::format("uploading '{}' to '{}'", file.path(), repo_.id.str()), repo_,
                        options_.revision, file.path());
  }

  std::uint64_t send_once(const PlannedFile& file, const nlohmann::json& entry,
                          std::stop_token stop) {
    const nlohmann::json& error = field(entry, "error");
    if (error.is_object()) {
      raise_for_status({.status = static_cast<int>(size_field(error, "code").value_or(400)),
                        .headers = {{"X-Error-Message", text_field(error, "message")}},
                        .url = api_.web_url(repo_, ".git/info/lfs/objects/batch")},
                       context_of(file));
    }
    if (entry.is_null()) {
      throw BadAnswerError(
          fmt::format("{} did not say where '{}' should go. Check that "
                      "HF_ENDPOINT is a Hub.",
                      api_.endpoint(), file.path()));
    }
    const nlohmann::json& upload = field(field(entry, "actions"), "upload");
    const std::string href = text_field(upload, "href");
    if (href.empty()) return 0;  // the server has it
    const Parts parts = parts_of(upload, file, api_);
    if (parts.urls.empty()) {
      put(file, href, 0, 0, file.size, stop);
    } else {
      put_parts(file, href, parts, stop);
    }
    verify(file, text_field(field(field(entry, "actions"), "verify"), "href"), stop);
    return file.size;
  }

  /// Signed links carry their own right to write; our token is none of that host's business.
  Response put(const PlannedFile& file, const std::string& url, std::size_t piece,
               std::uint64_t offset, std::uint64_t size, std::stop_token stop) {
    return api_.call({.method = "PUT",
                      .url = url,
                      .body = piece_of(file, offset, size),
                      .stall_timeout = api_.options().commit_timeout,
                      .upload_progress = progress_.of_piece(file, piece)},
                     context_of(file), stop, HubApi::Tries::with_retries,
                     HubApi::Identity::anonymous);
  }

  void put_parts(const PlannedFile& file, const std::string& completion, const Parts& parts,
                 std::stop_token stop) {
    std::vector<std::string> etags(parts.urls.size());
    for_each_in_parallel(parts.urls.size(), api_.options().upload_workers, stop,
                         [&](std::size_t i, std::stop_token part_stop) {
                           const std::uint64_t offset = i * parts.chunk_size;
                           const Response answer =
                               put(file, parts.urls[i], i, offset,
                                   std::min(parts.chunk_size, file.size - offset), part_stop);
                           etags[i] = answer.headers.get("ETag").value_or("");
                         });
    nlohmann::json list = nlohmann::json::array();
    for (std::size_t i = 0; i < etags.size(); ++i) {
      if (etags[i].empty()) {
        throw BadAnswerError(
            fmt::format("The store of {} gave no ETag for part {} of '{}'. Report "
                        "it to those who run the Hub.",
                        api_.endpoint(), i + 1, file.path()));
      }
      list.push_back({{"partNumber", i + 1}, {"etag", etags[i]}});
    }
    Request request = json_post(completion, {{"oid", file.sha256}, {"parts", std::move(list)}});
    request.stall_timeout = api_.options().commit_timeout;
    api_.call(std::move(request), context_of(file), stop, HubApi::Tries::with_retries,
              HubApi::Identity::anonymous);
  }

  void verify(const PlannedFile& file, const std::string& href, std::stop_token stop) const {
    if (href.empty()) return;
    api_.call(json_post(href, {{"oid", file.sha256}, {"size", file.size}}), context_of(file), stop);
  }

  const HubApi& api_;
  const Repo& repo_;
  const CommitOptions& options_;
  UploadProgress progress_;
};

/// Files with the same contents travel once.
std::vector<const PlannedFile*> distinct(const std::vector<const PlannedFile*>& files) {
  std::vector<const PlannedFile*> result;
  std::set<std::string> seen;
  for (const PlannedFile* file : files) {
    if (seen.insert(file->sha256).second) result.push_back(file);
  }
  return result;
}

}  // namespace

std::uint64_t upload_lfs_objects(const HubApi& api, const Repo& repo,
                                 const std::vector<const PlannedFile*>& files,
                                 const CommitOptions& options, std::stop_token stop) {
  LfsUpload upload(api, repo, options);
  const std::vector<const PlannedFile*> objects = distinct(files);
  std::atomic<std::uint64_t> sent{0};
  for (std::size_t begin = 0; begin < objects.size(); begin += kObjectsAtOnce) {
    const std::span batch(objects.data() + begin, std::min(kObjectsAtOnce, objects.size() - begin));
    const auto entries = upload.ask(batch, stop);
    for_each_in_parallel(batch.size(), api.options().upload_workers, stop,
                         [&](std::size_t i, std::stop_token own_stop) {
                           const auto entry = entries.find(batch[i]->sha256);
                           sent += upload.send(
                               *batch[i], entry == entries.end() ? nlohmann::json() : entry->second,
                               own_stop);
                         });
  }
  return sent;
}

}  // namespace torchhub
