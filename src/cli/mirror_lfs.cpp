#include "cli/mirror_lfs.h"

#include "hub/json_fields.h"
#include "hub/lfs_upload.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

namespace torchhub::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kLfsJson = "application/vnd.git-lfs+json";
constexpr std::size_t kAtOnce = 100;

/// The entries of a batch answer, by oid.
std::map<std::string, json> ask(const HubApi& hub, const Repo& repo, const char* operation,
                                std::span<const LfsPointer> objects) {
  json list = json::array();
  for (const LfsPointer& object : objects) {
    list.push_back({{"oid", object.oid}, {"size", object.size}});
  }
  Request request{.method = "POST",
                  .url = hub.web_url(repo, ".git/info/lfs/objects/batch"),
                  .headers = {{"Accept", kLfsJson}, {"Content-Type", kLfsJson}},
                  .body = json{{"operation", operation},
                               {"transfers", {"basic", "multipart"}},
                               {"objects", std::move(list)},
                               {"hash_algo", "sha256"}}
                              .dump()};
  const RequestContext context =
      hub.context(fmt::format("asking for the large files of '{}'", repo.id.str()), repo);
  const json answer = hub.parse_json(hub.call(std::move(request), context, {}), context);
  std::map<std::string, json> out;
  for (const json& entry : field(answer, "objects")) out[text_field(entry, "oid")] = entry;
  return out;
}

const json& action(const json& entry, const char* name) {
  return field(field(entry, "actions"), name);
}

/// Checked by its hash before it travels on.
void download(const HubApi& hub, const Repo& repo, const LfsPointer& object, const json& entry,
              const fs::path& file) {
  const json& link = action(entry, "download");
  const std::string href = text_field(link, "href");
  if (href.empty()) {
    throw Error(fmt::format("{} does not give out the object {} of '{}': {}", hub.endpoint(),
                            object.oid, repo.id.str(),
                            text_field(field(entry, "error"), "message")));
  }
  Request request{.url = href};
  const json& headers = field(link, "header");
  for (const auto& [name, value] : headers.items()) {
    if (value.is_string()) request.headers.set(name, value.get<std::string>());
  }
  AtomicFile out(file);
  Digest digest(Digest::Algorithm::sha256);
  request.sink = [&](std::span<const std::byte> bytes) {
    out.write(bytes);
    digest.update(bytes);
  };
  hub.call(std::move(request), hub.context("downloading a large file", repo), {},
           HubApi::Tries::once, HubApi::Identity::anonymous);
  if (const std::string hash = digest.hex(); hash != object.oid) {
    throw Error(fmt::format("{} sent bytes with the SHA-256 {} for the object {} of '{}'.",
                            hub.endpoint(), hash, object.oid, repo.id.str()));
  }
  out.commit();
}

void upload(const HubApi& hub, const Repo& repo, const LfsPointer& object, const fs::path& file) {
  const CommitOperationAdd operation{object.oid, file};
  const PlannedFile planned{.operation = &operation, .size = object.size, .sha256 = object.oid};
  upload_lfs_objects(hub, repo, {&planned}, {}, {});
}

}  // namespace

std::uint64_t mirror_objects(const HubApi& from, const HubApi& to, const Repo& repo,
                             const Repo& target, const std::vector<LfsPointer>& objects,
                             const fs::path& room) {
  std::uint64_t sent = 0;
  for (std::size_t i = 0; i < objects.size(); i += kAtOnce) {
    const auto batch = std::span(objects).subspan(i, std::min(kAtOnce, objects.size() - i));
    std::vector<LfsPointer> wanted;
    const auto at_target = ask(to, target, "upload", batch);
    for (const LfsPointer& object : batch) {
      const auto entry = at_target.find(object.oid);
      const bool there = entry != at_target.end() && action(entry->second, "upload").is_null() &&
                         field(entry->second, "error").is_null();
      if (!there) wanted.push_back(object);
    }
    if (wanted.empty()) continue;
    const auto at_source = ask(from, repo, "download", wanted);
    for (const LfsPointer& object : wanted) {
      const auto entry = at_source.find(object.oid);
      const fs::path file = room / object.oid;
      download(from, repo, object, entry != at_source.end() ? entry->second : json(), file);
      upload(to, target, object, file);
      fs::remove(file);
      sent += object.size;
    }
  }
  return sent;
}

std::vector<LfsPointer> missing_objects(const HubApi& hub, const Repo& repo,
                                        const std::vector<LfsPointer>& objects) {
  std::vector<LfsPointer> out;
  for (std::size_t i = 0; i < objects.size(); i += kAtOnce) {
    const auto batch = std::span(objects).subspan(i, std::min(kAtOnce, objects.size() - i));
    const auto answer = ask(hub, repo, "download", batch);
    for (const LfsPointer& object : batch) {
      const auto entry = answer.find(object.oid);
      const bool there =
          entry != answer.end() && !text_field(action(entry->second, "download"), "href").empty();
      if (!there) out.push_back(object);
    }
  }
  return out;
}

}  // namespace torchhub::cli
