#include "server/api/lfs_batch.h"

#include "server/api/lfs_links.h"
#include "server/api/xet_answer.h"
#include "server/http/api_error.h"
#include "server/xet/access.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxObjects = 1000;
/// Links to parts in one answer, so that an answer stays within some 20 MB. Beyond, parts are
/// larger.
constexpr std::uint64_t kMaxPartLinks = 50'000;

enum class Transfer { basic, multipart, xet };

/// One object of the batch, and its entry in the answer as far as it is known.
struct Wanted {
  LfsPointer object = {};
  json entry = {};
  bool is_missing = false;  ///< To be uploaded: its actions depend on the transfer.
};

void set_error(Wanted& wanted, int code, const std::string& message) {
  wanted.entry["error"] = {{"code", code}, {"message", message}};
}

/// Reads what the client asked for. What cannot be read has an error, and stands in the entry as
/// far as git-lfs's schema allows it to.
Wanted parse(const json& asked) {
  const json oid = asked.is_object() ? asked.value("oid", json()) : json();
  const json size = asked.is_object() ? asked.value("size", json()) : json();
  Wanted out;
  out.entry = {{"oid", oid.is_string() ? oid : json("")},
               {"size", size.is_number_unsigned() ? size : json(0)}};
  if (!oid.is_string() || !is_lfs_oid(oid.get<std::string>())) {
    set_error(out, 422, "The oid must be 64 lower-case hex digits.");
  } else if (!size.is_number_unsigned()) {
    set_error(out, 422, "The size must be a whole number.");
  } else {
    out.object = {oid.get<std::string>(), size.get<std::uint64_t>()};
  }
  return out;
}

bool offers_transfer(const json& body, const char* name) {
  const auto transfers = body.find("transfers");
  return transfers != body.end() && transfers->is_array() &&
         std::find(transfers->begin(), transfers->end(), json(name)) != transfers->end();
}

class Batch {
 public:
  /// @param offers what is uploaded is for a pull request of who may only read
  Batch(HubState& hub, const RepoRow& repo, const Caller& caller, std::string base_url, bool offers)
      : hub_(hub), repo_(repo), caller_(caller), base_url_(std::move(base_url)), offers_(offers) {}

  /// From now on uploads go by Xet, to this revision.
  void select_xet(std::string revision) { xet_revision_ = std::move(revision); }

  json upload(std::vector<Wanted> objects, bool offers_multipart) {
    const auto guard =
        ObjectGuard::shared(hub_.folder.root());  // what is here for the answer stays
    for (Wanted& wanted : objects) {
      if (!wanted.entry.contains("error")) look_at(wanted);
    }
    take_present();
    if (xet_revision_) return upload_by_xet(std::move(objects));
    const bool in_parts = !offers_ && offers_multipart &&
                          std::any_of(objects.begin(), objects.end(),
                                      [this](const Wanted& wanted) { return is_large(wanted); });
    // git's agent for parts takes nothing else, so one large object has them all go in parts.
    const Transfer transfer = in_parts ? Transfer::multipart : Transfer::basic;
    const std::uint64_t max_parts = std::clamp<std::uint64_t>(
        kMaxPartLinks / std::max<std::size_t>(objects.size(), 1), 1, PartPlan::kMaxParts);
    for (Wanted& wanted : objects) {
      if (!wanted.is_missing) continue;
      offers_ ? add_offer(wanted) : add_upload_actions(wanted, transfer, max_parts);
    }
    return answer(std::move(objects), transfer);
  }

  json download(std::vector<Wanted> objects) const {
    for (Wanted& wanted : objects) {
      if (!wanted.entry.contains("error")) add_download_action(wanted);
    }
    return answer(std::move(objects), Transfer::basic);
  }

 private:
  static json answer(std::vector<Wanted> objects, Transfer transfer) {
    json entries = json::array();
    for (Wanted& wanted : objects) entries.push_back(std::move(wanted.entry));
    const char* name = transfer == Transfer::multipart ? "multipart"
                       : transfer == Transfer::xet     ? "xet"
                                                       : "basic";
    return {{"transfer", name}, {"objects", std::move(entries)}, {"hash_algo", "sha256"}};
  }

  json upload_by_xet(std::vector<Wanted> objects) const {
    const XetGrant grant = grant_xet_write(hub_, caller_, repo_, false);
    for (Wanted& wanted : objects) {
      if (!wanted.is_missing) continue;
      wanted.entry["authenticated"] = true;
      wanted.entry["actions"] = {
          {"upload", xet_upload_action(hub_, base_url_, repo_, grant, *xet_revision_)}};
    }
    return answer(std::move(objects), Transfer::xet);
  }

  void look_at(Wanted& wanted) {
    const LfsPointer& object = wanted.object;
    if (object.size > hub_.options.max_object_bytes) {
      return set_error(wanted, 422,
                       fmt::format("An object may have {} bytes.", hub_.options.max_object_bytes));
    }
    const auto stored = hub_.objects.size(object.oid);
    // To everybody else the object is as if it were not here, its size included. We ask whether it
    // is here or not: else the time would tell.
    const bool readable = may_read(object.oid);
    wanted.is_missing = !stored || !readable;
    if (const auto why = over_quota(object)) {
      wanted.is_missing = false;
      return set_error(wanted, 413, *why);
    }
    if (wanted.is_missing) return;
    if (*stored == object.size) {
      present_.push_back(object);
    } else {
      set_error(wanted, 422, fmt::format("The object of this oid has {} bytes.", *stored));
    }
  }

  /// Offers count against their sender.
  std::optional<std::string> over_quota(const LfsPointer& object) {
    if (offers_ || !hub_.repo_objects.has_quotas()) return std::nullopt;
    if (hub_.repo_objects.is_own(repo_.id, object.oid)) return std::nullopt;
    if (!room_) room_ = hub_.repo_objects.room(repo_.id);
    return room_->take(object.size);
  }

  /// Makes objects that are stored already the repository's, or offers to it. Those that are linked
  /// too: the collector counts from today.
  void take_present() {
    if (!offers_ && !present_.empty()) hub_.repo_objects.link(repo_.id, present_);
    for (const LfsPointer& object : present_) {
      if (!offers_ || hub_.repo_objects.is_linked(repo_.id, object.oid)) continue;
      hub_.offers.add(repo_.id, caller_.owner->user.id, object);
    }
  }

  void add_offer(Wanted& wanted) {
    const std::string& user = caller_.owner->user.id;
    if (hub_.offers.has(repo_.id, user, wanted.object.oid)) return;
    announced_ += wanted.object.size;
    try {
      hub_.offers.need_room(user, announced_);
    } catch (const ApiError& error) {
      return set_error(wanted, error.status(), error.what());
    }
    wanted.entry["authenticated"] = true;
    LinkGrant grant{LinkUse::offer, repo_.id, wanted.object};
    grant.user_id = user;
    wanted.entry["actions"] = {{"upload", action(grant)}};
    grant.use = LinkUse::offered;
    wanted.entry["actions"]["verify"] = action(grant);
  }

  bool is_large(const Wanted& wanted) const {
    return wanted.is_missing && wanted.object.size > hub_.options.multipart_threshold_bytes;
  }

  void add_upload_actions(Wanted& wanted, Transfer transfer, std::uint64_t max_parts) const {
    const LfsPointer& object = wanted.object;
    if (transfer == Transfer::multipart && !hub_.multipart.has_room(repo_.id, object)) {
      return set_error(wanted, 429,
                       "This object has too many unfinished uploads to other repositories of this "
                       "owner. Finish one of them first.");
    }
    wanted.entry["authenticated"] = true;
    wanted.entry["actions"] = {
        {"upload",
         transfer == Transfer::multipart ? in_parts(wanted, max_parts) : whole_upload(object)},
        {"verify", action({LinkUse::verify, repo_.id, object})}};
  }

  json whole_upload(const LfsPointer& object) const {
    LinkGrant grant{LinkUse::upload, repo_.id, object};
    grant.user_id = caller_.owner->user.id;
    return action(grant);
  }

  /// The links of an upload that was begun lead on with it.
  PartPlan plan_of(const Wanted& wanted, std::uint64_t max_parts) const {
    const std::uint64_t size = wanted.object.size;
    if (const auto begun = hub_.multipart.chunk_bytes(repo_.id, wanted.object)) {
      return {size, *begun};
    }
    if (!is_large(wanted)) return {size, std::max<std::uint64_t>(size, 1)};
    return plan_parts(size, hub_.options.multipart_chunk_bytes, max_parts);
  }

  json in_parts(const Wanted& wanted, std::uint64_t max_parts) const {
    const PartPlan plan = plan_of(wanted, max_parts);
    LinkGrant grant{LinkUse::complete, repo_.id, wanted.object, plan.chunk_bytes};
    json upload = action(grant);
    json& header = upload["header"];
    header["chunk_size"] = std::to_string(plan.chunk_bytes);
    grant.use = LinkUse::part;
    grant.user_id = caller_.owner->user.id;
    for (grant.part = 1; grant.part <= plan.count(); ++grant.part) {
      // git-lfs sorts the keys as texts, and its agent takes the links in that order.
      header[fmt::format("{:05}", grant.part)] = base_url_ + hub_.signer.link(grant);
    }
    return upload;
  }

  void add_download_action(Wanted& wanted) const {
    const LfsPointer& object = wanted.object;
    const auto stored = hub_.objects.size(object.oid);
    if (!stored || !hub_.repo_objects.is_linked(repo_.id, object.oid)) {
      return set_error(wanted, 404, "This repository has no such object.");
    }
    if (*stored != object.size) {
      return set_error(wanted, 422, "The object of this oid has another size.");
    }
    wanted.entry["authenticated"] = true;
    wanted.entry["actions"] = {{"download", action({LinkUse::download, repo_.id, object})}};
  }

  /// The caller can already read these bytes somewhere here, so knowing the id is no theft.
  bool may_read(const std::string& oid) const {
    if (hub_.repo_objects.is_linked(repo_.id, oid)) return true;
    std::vector<RepoRow> holders = hub_.repo_objects.holders(oid);
    if (holders.empty()) {  // ask as much as of one that may not be known
      holders.emplace_back();
      holders.back().private_ = true;
    }
    return std::any_of(holders.begin(), holders.end(), [this](const RepoRow& holder) {
      return Gate(hub_).may_have_contents(caller_, holder);
    });
  }

  json action(const LinkGrant& grant) const { return lfs_action(hub_, base_url_, grant); }

  HubState& hub_;
  const RepoRow& repo_;
  const Caller& caller_;
  std::string base_url_;
  std::vector<LfsPointer> present_ = {};
  bool offers_;
  std::uint64_t announced_ = 0;                   ///< Bytes of the offers of this batch.
  std::optional<QuotaRoom> room_ = std::nullopt;  ///< What this batch leaves of it.
  std::optional<std::string> xet_revision_ = std::nullopt;
};

/// Clients name the branch that they upload for, and none for a pull request to be.
bool is_for_pull_request(const json& body) {
  const auto ref = body.find("ref");
  if (ref == body.end() || !ref->is_object()) return true;
  const auto name = ref->find("name");
  if (name == ref->end() || !name->is_string()) return true;
  return name->get_ref<const std::string&>().starts_with("refs/pr/");
}

/// @return whether it is an offer of who may only read. @throws ApiError 401, 403
bool check_upload(const HubState& hub, const RepoRow& repo, const Caller& caller,
                  const json& body) {
  const Gate gate(hub, Gate::Style::lfs);
  const bool offers = gate.access(caller, repo) != Access::write && is_for_pull_request(body);
  if (offers) {
    gate.need_voice(caller, repo);
  } else {
    gate.need_write(caller, repo);
  }
  return offers;
}

std::string revision_of(const json& body) {
  const auto ref = body.find("ref");
  const bool named =
      ref != body.end() && ref->is_object() && ref->contains("name") && ref->at("name").is_string();
  return named ? ref->at("name").get<std::string>() : "main";
}

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
  const bool offers = upload && check_upload(hub, repo, caller, body);
  if (!upload) Gate(hub, Gate::Style::lfs).need_contents(caller, repo, base_url);

  std::vector<Wanted> wanted;
  for (const json& asked : *objects) wanted.push_back(parse(asked));
  Batch batch(hub, repo, caller, base_url, offers);
  if (!upload) return batch.download(std::move(wanted));
  if (hub.options.lfs_prefer_xet && !offers && offers_transfer(body, "xet")) {
    batch.select_xet(revision_of(body));
  }
  return batch.upload(std::move(wanted), offers_transfer(body, "multipart"));
}

}  // namespace torchhub::server
