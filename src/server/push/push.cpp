#include "server/push/push.h"

#include "server/discussions/pull_request.h"
#include "server/git/ancestry.h"
#include "server/git/ref_rules.h"
#include "server/push/content_checks.h"
#include "server/push/locked_files.h"
#include "server/push/refusal.h"
#include "server/repos/card_checks.h"
#include "server/repos/commit_plan.h"
#include "server/repos/head_cache.h"
#include "server/repos/move_note.h"
#include "server/repos/ref_turns.h"
#include "server/repos/repo_event.h"
#include "server/store/object_guard.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>
#include <set>

namespace torchhub::server {
namespace {

/// Each is a file, and every fetch lists them all.
constexpr std::size_t kMaxRefs = 100'000;
constexpr const char* kStale = "fetch first";

bool is_branch(std::string_view ref) { return ref.starts_with("refs/heads/"); }
bool is_pull_request(std::string_view ref) { return ref.starts_with("refs/pr/"); }

/// A ref that is in the way of `ref`, since refs are files and folders to git.
std::optional<std::string> in_way(const std::map<std::string, std::string>& refs,
                                  const std::string& ref) {
  for (std::size_t slash = ref.find('/'); slash != std::string::npos;
       slash = ref.find('/', slash + 1)) {
    if (refs.contains(ref.substr(0, slash))) return ref.substr(0, slash);
  }
  const auto below = refs.lower_bound(ref + "/");
  if (below != refs.end() && below->first.starts_with(ref + "/")) return below->first;
  return std::nullopt;
}

/// The commit that an object stands for: itself, or what a tag leads to.
git::ObjectHandle commit_of(git_repository* repository, const std::string& id) {
  const git_oid oid = git::parse_oid(id);
  git_object* raw = nullptr;
  if (git_object_lookup(&raw, repository, &oid, GIT_OBJECT_ANY) != 0) return nullptr;
  const git::ObjectHandle object(raw);
  git_object* commit = nullptr;
  if (git_object_peel(&commit, object.get(), GIT_OBJECT_COMMIT) != 0) return nullptr;
  return git::ObjectHandle(commit);
}

RefCommand reversed(const RefCommand& command) {
  return {command.new_id, command.old_id, command.ref};
}

void refuse_the_others(std::vector<RefOutcome>& outcomes) {
  for (RefOutcome& outcome : outcomes) {
    if (outcome.problem.empty()) outcome.problem = "atomic push failed";
  }
}

std::optional<std::string> tip_of(const std::string& id) {
  return id == kNoId ? std::nullopt : std::optional(id);
}

}  // namespace

std::vector<RefOutcome> Push::run(const Say& say, const std::stop_token& stop) {
  check_names();
  std::optional<ObjectGuard> guard;
  if (request_.has_pack()) {
    const auto objects = take_objects(stop);
    guard.emplace(ObjectGuard::shared(hub_.folder.root()));  // from the look to the moved refs
    check_contents(hub_, repo_, quarantine_.view(), objects);
    check_tips();
    warn_of_cards(say);
  }
  check_forced();
  return move_refs();
}

void Push::check_names() const {
  std::vector<std::string> lines;
  std::set<std::string_view> seen;
  const Refs refs = git_.ref_ids();
  std::size_t count = refs.size();
  for (const RefCommand& command : request_.commands) {
    const std::string& ref = command.ref;
    const auto refuse = [&](std::string_view why) {
      lines.push_back(fmt::format("  {}: {}", ref, why));
    };
    if (const auto problem = git::problem_of_ref(ref)) refuse(*problem);
    if (!seen.insert(ref).second) refuse("a push can say of each only once where it is to be");
    if (command.deletes() && ref == git::kDefaultBranch) {
      refuse("the default branch cannot be deleted");
    }
    if (is_pull_request(ref) && (command.deletes() || !refs.contains(ref))) {
      refuse("pull requests are opened and closed over the API, not by a push");
    }
    if (command.creates()) ++count;
  }
  if (count > kMaxRefs) {
    lines.push_back(fmt::format("  a repository can have {} branches and tags", kMaxRefs));
  }
  if (lines.empty()) return;
  lines.insert(lines.begin(), "Your push was rejected because of what it does to these:");
  throw Refusal("not allowed", std::move(lines));
}

std::vector<PushedObject> Push::take_objects(const std::stop_token& stop) {
  std::vector<std::string> tips;
  for (const RefCommand& command : request_.commands) {
    if (!command.deletes()) tips.push_back(command.new_id);
  }
  try {
    quarantine_.unpack(pack_, hub_.options.max_push_objects, stop);
    return quarantine_.objects(tips, hub_.options.max_push_objects, stop);
  } catch (const Refusal& refusal) {
    if (!request_.shallow) throw;
    std::vector<std::string> lines = refusal.lines();
    lines.emplace_back(
        "Your clone is shallow, and the repository here may lack what yours lacks: get it first, "
        "with 'git fetch --unshallow'.");
    throw Refusal(refusal.what(), std::move(lines));
  }
}

void Push::check_tips() {
  for (const RefCommand& command : request_.commands) {
    if (!command.deletes()) need_commit_at(command);
  }
}

void Push::need_commit_at(const RefCommand& command) {
  const auto commit = commit_of(quarantine_.view().handle(), command.new_id);
  const bool itself = commit && git::to_hex(*git_object_id(commit.get())) == command.new_id;
  if (commit && (itself || command.ref.starts_with("refs/tags/"))) return;
  throw Refusal("no commit",
                {fmt::format("Your push was rejected because {} would stand for something that is "
                             "no commit.",
                             command.ref)});
}

void Push::check_forced() {
  if (repo_.forced_pushes) return;
  std::vector<std::string> lines;
  for (const RefCommand& command : request_.commands) {
    if (!is_branch(command.ref) || command.creates() || command.deletes()) continue;
    if (git::is_in_history(quarantine_.view(), command.old_id, command.new_id)) continue;
    lines.push_back("  " + command.ref);
  }
  if (lines.empty()) return;
  lines.insert(
      lines.begin(),
      "Your push was rejected because this repository takes no forced pushes, and it would "
      "take commits away from these branches:");
  throw Refusal("non-fast-forward", std::move(lines));
}

void Push::warn_of_cards(const Say& say) {
  const git::Repository& git = quarantine_.view();
  for (const RefCommand& command : request_.commands) {
    if (command.deletes() || !is_branch(command.ref)) continue;
    const auto card = git.file(command.new_id, "README.md", hub_.options.max_regular_bytes);
    if (!card) continue;
    if (const auto problem = problem_of_card(*card)) {
      say(
          fmt::format("Warning: the metadata in README.md of {} cannot be read, so the repository "
                      "is shown without: {}",
                      command.ref, *problem));
    }
  }
}

void Push::check_locks(const std::vector<RefOutcome>& outcomes) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const RefCommand& command = request_.commands[i];
    if (!outcomes[i].problem.empty() || !is_branch(command.ref)) continue;
    for (const std::string& path :
         locked_by_others(hub_, repo_, user_, quarantine_.view(), tip_of(command.old_id),
                          tip_of(command.new_id))) {
      lines.push_back("  " + path);
    }
  }
  if (lines.empty()) return;
  lines.insert(lines.begin(), "Your push was rejected because others have locked these files:");
  throw Refusal("files are locked", std::move(lines));
}

std::string Push::problem_of(const RefCommand& command, const Refs& refs) const {
  const auto found = refs.find(command.ref);
  const std::string now = found != refs.end() ? found->second : std::string(kNoId);
  if (now != command.old_id) return kStale;
  if (command.deletes()) return command.creates() ? "there is no such ref" : "";
  const auto other = in_way(refs, command.ref);
  return other ? fmt::format("{} is in its way", *other) : "";
}

std::string Push::move(const RefCommand& command) {
  try {
    if (command.deletes()) {
      git_.delete_ref(command.ref);
      return "";
    }
    const std::string expected = command.creates() ? "" : command.old_id;
    const std::string log = "push by " + user_.name;
    return git_.move_ref(command.ref, expected, command.new_id, log) ? "" : kStale;
  } catch (const DiskFullError&) {
    return "the server's disk is full";
  } catch (const Error& error) {
    log::error("ref_not_moved", {{"repository", repo_.id}, {"error", error.what()}});
    return "the server could not write it";
  }
}

std::vector<RefOutcome> Push::move_refs() {
  std::set<std::string> refs;
  for (const RefCommand& command : request_.commands) refs.insert(command.ref);
  const auto turns = wait_for_turns(hub_, repo_, refs);
  std::vector<RefOutcome> outcomes = judge();
  const auto is_refused = [](const RefOutcome& outcome) { return !outcome.problem.empty(); };
  if (request_.can("atomic") && std::any_of(outcomes.begin(), outcomes.end(), is_refused)) {
    refuse_the_others(outcomes);
  }
  if (std::all_of(outcomes.begin(), outcomes.end(), is_refused)) return outcomes;
  check_locks(outcomes);
  quarantine_.keep();
  hub_.faults.reach("push.objects_durable");
  move_all(outcomes);
  if (std::all_of(outcomes.begin(), outcomes.end(), is_refused)) return outcomes;
  for (const RefOutcome& outcome : outcomes) {
    if (outcome.problem.empty()) note_commits(hub_, repo_, outcome.ref, user_.id);
  }
  note_change(hub_, repo_, event_of(outcomes));
  hub_.metrics.note_push();
  return outcomes;
}

NewEvent Push::event_of(const std::vector<RefOutcome>& outcomes) const {
  constexpr std::size_t kTold = 100;  // a mirror may push thousands
  nlohmann::json refs = nlohmann::json::array();
  std::size_t moved = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].problem.empty() || ++moved > kTold) continue;
    const RefCommand& command = request_.commands[i];
    refs.push_back({{"ref", command.ref}, {"old", command.old_id}, {"new", command.new_id}});
  }
  return repo_event(events::kPush, user_, repo_, {{"count", moved}, {"refs", std::move(refs)}});
}

std::vector<RefOutcome> Push::judge() const {
  Refs refs = git_.ref_ids();
  std::vector<RefOutcome> outcomes(request_.commands.size());
  for (const std::size_t i : in_order()) {
    const RefCommand& command = request_.commands[i];
    outcomes[i] = {command.ref, problem_of(command, refs)};
    if (!outcomes[i].problem.empty()) continue;
    if (command.deletes()) {
      refs.erase(command.ref);
    } else {
      refs[command.ref] = command.new_id;
    }
  }
  return outcomes;
}

void Push::move_all(std::vector<RefOutcome>& outcomes) {
  std::optional<MoveNote> note;
  if (request_.can("atomic") && outcomes.size() > 1) {
    note.emplace(hub_.database, repo_.id, request_.commands);
    hub_.faults.reach("push.moves_noted");
  }
  std::vector<std::size_t> moved;
  for (const std::size_t i : in_order()) {
    if (!outcomes[i].problem.empty()) continue;
    outcomes[i].problem = move(request_.commands[i]);
    if (outcomes[i].problem.empty()) {
      hub_.faults.reach("push.ref_moved");
      moved.push_back(i);
    } else if (request_.can("atomic")) {
      if (note) note->withdraw();
      for (const std::size_t before : moved) move(reversed(request_.commands[before]));
      return refuse_the_others(outcomes);
    }
  }
}

std::vector<std::size_t> Push::in_order() const {
  std::vector<std::size_t> out(request_.commands.size());
  std::iota(out.begin(), out.end(), std::size_t{0});
  std::stable_partition(out.begin(), out.end(),
                        [this](std::size_t i) { return request_.commands[i].deletes(); });
  return out;
}

}  // namespace torchhub::server
