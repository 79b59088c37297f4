#include "server/api/lfs_batch.h"

#include "server/http/api_error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxObjects = 1000;

json error_entry(json entry, int code, const std::string& message) {
  entry["error"] = {{"code", code}, {"message", message}};
  return entry;
}

class Batch {
 public:
  Batch(HubState& hub, const RepoRow& repo, const Caller& caller, std::string base_url)
      : hub_(hub), repo_(repo), caller_(caller), base_url_(std::move(base_url)) {}

  json answer_for(const json& wanted, bool upload) {
    const auto oid = wanted.find("oid");
    const auto size = wanted.find("size");
    json entry{{"oid", oid != wanted.end() ? *oid : json("")},
               {"size", size != wanted.end() ? *size : json(0)}};
    if (oid == wanted.end() || !oid->is_string() || !is_lfs_oid(oid->get<std::string>())) {
      return error_entry(entry, 422, "The oid must be 64 lower-case hex digits.");
    }
    if (size == wanted.end() || !size->is_number_unsigned()) {
      return error_entry(entry, 422, "The size must be a whole number.");
    }
    const LfsPointer object{oid->get<std::string>(), size->get<std::uint64_t>()};
    return upload ? upload_of(object, entry) : download_of(object, entry);
  }

 private:
  json upload_of(const LfsPointer& object, json entry) {
    if (object.size > hub_.options.max_object_bytes) {
      return error_entry(
          entry, 422, fmt::format("An object may have {} bytes.", hub_.options.max_object_bytes));
    }
    const auto stored = hub_.objects.size(object.oid);
    // To everybody else the object is as if it were not here, its size included.
    if (stored && may_read(object.oid)) {
      if (*stored != object.size) {
        return error_entry(entry, 422,
                           fmt::format("The object of this oid has {} bytes.", *stored));
      }
      if (!hub_.repos.is_linked(repo_.id, object.oid)) hub_.repos.link(repo_.id, {object});
      return entry;
    }
    entry["authenticated"] = true;
    entry["actions"] = {{"upload", action("PUT", "upload", object)},
                        {"verify", action("POST", "verify", object)}};
    return entry;
  }

  json download_of(const LfsPointer& object, json entry) const {
    if (!hub_.repos.is_linked(repo_.id, object.oid) || !hub_.objects.size(object.oid)) {
      return error_entry(entry, 404, "This repository has no such object.");
    }
    if (hub_.objects.size(object.oid) != object.size) {
      return error_entry(entry, 422, "The object of this oid has another size.");
    }
    entry["authenticated"] = true;
    entry["actions"] = {{"download", action("GET", "download", object)}};
    return entry;
  }

  /// The caller can already read these bytes somewhere here, so knowing the id is no theft.
  bool may_read(const std::string& oid) const {
    if (hub_.repos.is_linked(repo_.id, oid)) return true;
    const std::vector<RepoRow> holders = hub_.repos.holders(oid);
    return std::any_of(holders.begin(), holders.end(), [this](const RepoRow& holder) {
      return Gate(hub_).access(caller_, holder) != Access::none;
    });
  }

  json action(const char* method, const char* word, const LfsPointer& object) const {
    const LinkGrant grant{method, repo_.id, object};
    const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(LinkSigner::kLifetime);
    return {{"href", fmt::format("{}/_lfs/{}/{}/{}?{}", base_url_, word, repo_.id, object.oid,
                                 hub_.signer.query(grant))},
            {"expires_in", lifetime.count()}};
  }

  HubState& hub_;
  const RepoRow& repo_;
  const Caller& caller_;
  std::string base_url_;
};

}  // namespace

json lfs_batch(HubState& hub, const RepoRow& repo, const Caller& caller,
               const std::string& base_url, const json& body) {
  const auto operation = body.find("operation");
  const bool upload = operation != body.end() && *operation == "upload";
  if (!upload && (operation == body.end() || *operation != "download")) {
    throw ApiError(422, "'operation' must be upload or download.");
  }
  const auto objects = body.find("objects");
  if (objects == body.end() || !objects->is_array()) {
    throw ApiError(422, "'objects' must be a list.");
  }
  if (objects->size() > kMaxObjects) throw ApiError(413, "Ask for at most 1,000 objects at once.");
  if (upload) Gate(hub, Gate::Style::lfs).need_write(caller, repo);

  Batch batch(hub, repo, caller, base_url);
  json out = json::array();
  for (const json& wanted : *objects) {
    out.push_back(batch.answer_for(wanted.is_object() ? wanted : json::object(), upload));
  }
  return {{"transfer", "basic"}, {"objects", std::move(out)}, {"hash_algo", "sha256"}};
}

}  // namespace torchhub::server
