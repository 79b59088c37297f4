#include "cli/left_pushes.h"

#include "push/push_check.h"
#include "torchhub/base/byte_size.h"
#include "torchhub/http/transport.h"
#include "torchhub/push/resume.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>

namespace torchhub::cli {
namespace {

void print(const ListedPush& push) {
  fmt::print("{} at {}\n", title_of(push.job), push.job.endpoint);
  for (const FileToPush& file : push.files) fmt::print("  {:>10}  {}\n", file.bytes, file.path);
  if (push.files.empty()) fmt::print("  a newer one is there\n");
}

/// Why the push would not go; nothing if it would. @throws ConnectionError
std::optional<std::string> obstacle_of(const HubClient& client, const ListedPush& push,
                                       const PushJournal& journal, bool on_top) {
  if (auto refusal = refused_at(client.options(), push.job)) return refusal;
  if (push.files.empty()) return std::nullopt;
  try {
    require_may_go(client, push, journal, on_top);
    return std::nullopt;
  } catch (const ConnectionError&) {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// @param would_go false where it would not, else left alone @return does the Hub answer?
bool tell_of_obstacle(const HubClient& client, const ListedPush& push, const PushJournal& journal,
                      bool on_top, bool& would_go) {
  std::optional<std::string> obstacle;
  bool is_reached = true;
  try {
    obstacle = obstacle_of(client, push, journal, on_top);
  } catch (const ConnectionError& error) {
    obstacle = error.what();
    is_reached = false;
  }
  if (obstacle) fmt::print(stderr, "torchhub: {}: {}\n", title_of(push.job), *obstacle);
  would_go = would_go && !obstacle;
  return is_reached;
}

/// @return is that so?
bool tell_of_another_pusher(const PushJournal& journal) {
  try {
    journal.require_free();
    return false;
  } catch (const PushesTakenError& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    return true;
  }
}

}  // namespace

std::string title_of(const PushJob& job) {
  return fmt::format("{} -> {} ({})", job.commit_message, job.repo.id.str(), job.revision);
}

std::optional<std::string> refused_at(const HubOptions& hub, const PushJob& job) {
  if (job.endpoint == hub.endpoint) return std::nullopt;
  return fmt::format("belongs to the Hub at {}, not to {}. Give --endpoint {} and a token for it.",
                     job.endpoint, hub.endpoint, job.endpoint);
}

std::optional<PushTarget> target_allowing(const PushJournal& journal, const std::string& max_size) {
  auto target = journal.target();
  if (!max_size.empty()) {
    const std::uint64_t max_bytes = parse_byte_size(max_size);
    if (target) target->selection.max_bytes = max_bytes;
  }
  return target;
}

bool tell_of_refused_save(const PushJournal& journal, const std::optional<PushTarget>& target) {
  const auto refusal = refused_save(journal, target);
  if (refusal) fmt::print(stderr, "torchhub: {}\n", *refusal);
  return !refusal;
}

bool list_left_pushes(const HubClient& client, const PushJournal& journal,
                      const std::optional<PushTarget>& target, bool on_top) {
  const LastPush last = journal.last_push();
  std::vector<ListedPush> left = list_pushes_left(journal, target);
  for (ListedPush& push : left) {
    keep_what_still_goes(push, last);
    print(push);
  }
  std::fflush(stdout);
  bool all_would_go = !tell_of_another_pusher(journal);
  for (const ListedPush& push : left) {
    const bool is_reached = tell_of_obstacle(client, push, journal, on_top, all_would_go);
    if (!is_reached) break;  // the next one would wait as long for nothing
  }
  return tell_of_refused_save(journal, target) && all_would_go;
}

}  // namespace torchhub::cli
