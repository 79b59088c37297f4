#include "server/repos/head_cache.h"

#include "server/repos/head_summary.h"
#include "server/repos/parameter_counts.h"
#include "torchhub/base/log.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr const char* kMain = "refs/heads/main";

/// A card of a stranger may hold anything.
std::string text_of(const json& value) {
  return value.is_null() ? std::string()
                         : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Those that lists can be filtered by; a card may name thousands.
void write_tags(Connection& connection, const std::string& id,
                const std::vector<std::string>& tags) {
  constexpr std::size_t kMaxTags = 1000;
  connection.run("DELETE FROM repo_tag WHERE repo = ?", id);
  for (std::size_t i = 0; i < std::min(tags.size(), kMaxTags); ++i) {
    connection.run("INSERT OR IGNORE INTO repo_tag(tag, repo) VALUES(?,?)", tags[i], id);
  }
}

/// What the cached columns say now.
struct Cached {
  std::string head;
  std::string tags;
  bool is_counted = false;
};

std::optional<Cached> read_cached(Connection& connection, const std::string& id) {
  Statement row = connection.prepare("SELECT head, tags, parameters FROM repo WHERE id = ?");
  if (!row.bind(id).step()) return std::nullopt;
  return Cached{row.text(0), row.text(1), row.number(2) != RepoRow::kNotCounted};
}

std::int64_t parameters_of(const HubState& hub, const RepoRow& repo, const git::Repository& git,
                           const std::string& head) {
  if (repo.type != RepoType::model) return RepoRow::kNoParameters;
  const json counts = count_parameters(hub, repo, git, head);
  if (counts.is_null()) return RepoRow::kNoParameters;
  // A stranger's header may claim any number.
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(counts.at("total").get<std::uint64_t>(), kMost));
}

/// What a commit says of its repository.
struct Summary {
  HeadSummary card;
  std::int64_t parameters;
};

void write_summary(Connection& connection, const std::string& id, const std::string& head,
                   const Summary& whole, const Cached& before) {
  const HeadSummary& summary = whole.card;
  const std::string tags = text_of(summary.tags);
  connection.run(
      "UPDATE repo SET head = ?, pipeline_tag = ?, library = ?, license = ?, tags = ?, "
      "parameters = ? WHERE id = ?",
      head, summary.pipeline_tag, summary.library, summary.license, tags, whole.parameters, id);
  if (tags != before.tags) write_tags(connection, id, summary.tags);
  connection.run("INSERT OR REPLACE INTO repo_card(repo, card, config) VALUES(?,?,?)", id,
                 text_of(summary.card), text_of(summary.config));
}

/// @param changed when; nothing: only the cache was wrong
void bring_up_to_date(HubState& hub, const RepoRow& repo, std::optional<TimePoint> changed,
                      const std::optional<NewEvent>& event) {
  const git::Repository git = hub.open(repo);
  // The newest head wins: whoever finds another one in the meantime writes after this.
  const std::string head = git.ref_target(kMain).value_or("");
  std::optional<Summary> summary;
  auto connection = hub.database.lease();
  const auto known = read_cached(*connection, repo.id);
  if (known && !head.empty() && (known->head != head || !known->is_counted)) {
    summary = {summarize(git, head, repo.type), parameters_of(hub, repo, git, head)};
  }
  WriteTransaction transaction(*connection);
  const auto before = read_cached(*connection, repo.id);
  if (summary && before && before->head == known->head) {
    write_summary(*connection, repo.id, head, *summary, *before);
  }
  if (changed) {
    connection->run(
        "UPDATE repo SET modified = ?, used_bytes = (SELECT COALESCE(SUM(repo_lfs.size), 0) "
        "FROM repo_lfs WHERE repo_lfs.repo = repo.id) WHERE id = ?",
        to_milliseconds(*changed), repo.id);
  }
  if (event) write_event(*connection, hub.options.clock->now(), *event);
  transaction.commit();
}

}  // namespace

void note_change(HubState& hub, const RepoRow& repo, const std::optional<NewEvent>& event) {
  try {
    bring_up_to_date(hub, repo, hub.options.clock->now(), event);
  } catch (const std::exception& error) {
    log::warning("change_not_noted", {{"repository", repo.id}, {"error", error.what()}});
  }
}

void heal_head_cache(HubState& hub, const RepoRow& repo) {
  try {
    const auto head = hub.open(repo).ref_target(kMain);
    if (!head) return;
    const bool is_counted = repo.parameters != RepoRow::kNotCounted;
    if (*head != repo.head || !is_counted) {
      bring_up_to_date(hub, repo, std::nullopt, std::nullopt);
    }
  } catch (const std::exception& error) {
    log::warning("head_cache_not_healed", {{"repository", repo.id}, {"error", error.what()}});
  }
}

}  // namespace torchhub::server
