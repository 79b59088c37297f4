#include "push/job_json.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

void put_place(Json& json, const std::string& endpoint, const Repo& repo,
               const std::string& revision) {
  json["version"] = kVersion;
  json["endpoint"] = endpoint;
  json["repo_type"] = to_string(repo.type);
  json["repo_id"] = repo.id.str();
  json["revision"] = revision;
}

Repo repo_in(const Json& json) {
  return {.id = RepoId::parse(json.at("repo_id").get<std::string>()),
          .type = parse_repo_type(json.at("repo_type").get<std::string>())};
}

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json parsed(std::string_view text) {
  Json json = Json::parse(text);
  const int version = json.at("version").get<int>();
  if (version != kVersion) {
    throw Error(
        fmt::format("it is of version {}, and this torchhub knows version {}", version, kVersion));
  }
  return json;
}

/// Absent in journals that are older than it.
PathFilter filter_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  return {.allow = found->at("allow").get<std::vector<std::string>>(),
          .ignore = found->at("ignore").get<std::vector<std::string>>()};
}

Json json_of(const PathFilter& filter) {
  return {{"allow", filter.allow}, {"ignore", filter.ignore}};
}

template <typename Read>
auto read_as(std::string_view text, Read read) {
  try {
    return read(parsed(text));
  } catch (const Json::exception& error) {
    throw Error(fmt::format("it is damaged ({})", error.what()));
  }
}

}  // namespace

NLOHMANN_JSON_SERIALIZE_ENUM(PushedCheckpoint,
                             {{PushedCheckpoint::none, "none"},
                              {PushedCheckpoint::as_last, "as_last"},
                              {PushedCheckpoint::under_its_name, "under_its_name"}})
NLOHMANN_JSON_SERIALIZE_ENUM(ProgressUnit, {{ProgressUnit::step, "step"},
                                            {ProgressUnit::epoch, "epoch"},
                                            {ProgressUnit::epoch_and_step, "epoch_and_step"}})

std::string to_json_text(const PushJob& job) {
  Json json;
  put_place(json, job.endpoint, job.repo, job.revision);
  json["commit_message"] = job.commit_message;
  json["step"] = job.step;
  json["replaced"] = job.replaced;
  json["droppable"] = job.droppable;
  json["lane"] = job.lane;
  json["lasting"] = job.lasting;
  json["moved_branch"] = to_string(job.moved_branch);
  json["card_keys"] = job.card_keys;
  json["overwrites_card"] = job.overwrites_card;
  json["card_problem"] = job.card_problem;
  json["elsewhere"] = job.elsewhere;
  json["sha256"] = job.sha256;
  json["refused_since"] = job.refused_since;
  if (job.tag) json["tag"] = *job.tag;
  return text_of(json);
}

PushJob push_job_of(std::string_view text) {
  return read_as(text, [](const Json& json) -> PushJob {
    return {.repo = repo_in(json),
            .endpoint = json.at("endpoint").get<std::string>(),
            .revision = json.at("revision").get<std::string>(),
            .commit_message = json.at("commit_message").get<std::string>(),
            .step = json.at("step").get<std::int64_t>(),
            .replaced = json.at("replaced").get<std::vector<std::string>>(),
            .droppable = json.at("droppable").get<bool>(),
            .lane = json.at("lane").get<std::string>(),
            .lasting = json.at("lasting").get<std::vector<std::string>>(),
            .moved_branch = parse_moved_branch(json.at("moved_branch").get<std::string>()),
            .card_keys = json.at("card_keys").get<std::vector<std::string>>(),
            .overwrites_card = json.value("overwrites_card", false),  // these are not in older ones
            .card_problem = json.value("card_problem", ""),
            .elsewhere = json.value("elsewhere", false),
            .sha256 = json.at("sha256").get<std::map<std::string, std::string>>(),
            .refused_since = json.at("refused_since").get<std::string>(),
            .tag = json.contains("tag") ? std::optional(json.at("tag").get<std::string>())
                                        : std::nullopt};
  });
}

std::string to_json_text(const LastPush& last) {
  return text_of({{"version", kVersion}, {"heads", last.heads}, {"newest", last.newest}});
}

LastPush last_push_of(std::string_view text) {
  return read_as(text, [](const Json& json) -> LastPush {
    return {.heads = json.at("heads").get<std::map<std::string, std::string>>(),
            .newest = json.at("newest").get<std::map<std::string, std::string>>()};
  });
}

std::string to_json_text(const PushTarget& target) {
  Json json;
  put_place(json, target.endpoint, target.repo, target.revision);
  json["pushes_saves"] = target.pushes_saves;
  json["checkpoint"] = target.checkpoint;
  json["progress_unit"] = target.progress_unit;
  json["handed_over"] = target.handed_over;
  json["known"] = target.known;
  json["two_commits"] = target.two_commits;
  json["card_keys"] = target.card_keys;
  json["overwrites_card"] = target.overwrites_card;
  json["root_files"] = json_of(target.selection.root);
  json["checkpoint_files"] = json_of(target.selection.checkpoint);
  if (target.selection.max_bytes) json["max_bytes"] = *target.selection.max_bytes;
  return text_of(json);
}

PushTarget push_target_of(std::string_view text) {
  return read_as(text, [](const Json& json) -> PushTarget {
    SaveSelection selection{.root = filter_in(json, "root_files"),
                            .checkpoint = filter_in(json, "checkpoint_files")};
    const auto limit = json.find("max_bytes");
    if (limit != json.end()) selection.max_bytes = limit->get<std::uint64_t>();
    return {.endpoint = json.at("endpoint").get<std::string>(),
            .repo = repo_in(json),
            .revision = json.at("revision").get<std::string>(),
            .pushes_saves = json.at("pushes_saves").get<bool>(),
            .checkpoint = json.at("checkpoint").get<PushedCheckpoint>(),
            .progress_unit = json.at("progress_unit").get<ProgressUnit>(),
            .handed_over = json.at("handed_over").get<std::int64_t>(),
            .known = json.at("known").get<std::map<std::int64_t, std::string>>(),
            .two_commits = json.value("two_commits", false),  // these are not in older ones
            .card_keys = json.value("card_keys", std::vector<std::string>()),
            .overwrites_card = json.value("overwrites_card", false),
            .selection = std::move(selection)};
  });
}

}  // namespace torchhub
