#include "torchhub/push/job.h"

#include "push/job_number.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace torchhub {

MovedBranch parse_moved_branch(std::string_view word) {
  if (word == "merge") return MovedBranch::merge;
  if (word == "fail") return MovedBranch::fail;
  throw InvalidArgumentError(
      fmt::format("moved_branch is '{}', but must be one of: merge, fail.", word));
}

std::string_view to_string(MovedBranch moved) {
  return moved == MovedBranch::merge ? "merge" : "fail";
}

std::string PushJob::place() const {
  return fmt::format("{} {} {}", endpoint, repo.web_path(), revision);
}

std::string_view to_string(PushState state) {
  switch (state) {
    case PushState::queued:
      return "queued";
    case PushState::running:
      return "running";
    case PushState::done:
      return "done";
    case PushState::failed:
      return "failed";
    case PushState::superseded:
      return "superseded";
  }
  return "unknown";
}

bool newest_arrived(const std::vector<PushOutcome>& outcomes) {
  // Two of one number ended in their order.
  std::map<std::string, const PushOutcome*> newest;
  for (const PushOutcome& push : outcomes) {
    const PushOutcome*& known = newest[push.lane];
    if (known == nullptr || job_number(known->id) <= job_number(push.id)) known = &push;
  }
  return std::all_of(newest.begin(), newest.end(),
                     [](const auto& one) { return one.second->ok(); });
}

}  // namespace torchhub
