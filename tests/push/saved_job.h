#pragma once

#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace torchhub::testing {

/// A save of step `step` whose weights say so. @param card empty: none
inline PushJob saved_job(const PushJournal& journal, const Repo& repo, const std::string& endpoint,
                         std::int64_t step, const std::string& card) {
  PushJob job{.repo = repo,
              .endpoint = endpoint,
              .commit_message = fmt::format("step {}", step),
              .step = step,
              .snapshot = journal.new_snapshot(),
              .replaced = {"model*.safetensors"}};
  job.snapshot.add_text(fmt::format("weights of {}", step), "model.safetensors");
  if (!card.empty()) job.snapshot.add_text(card, "README.md");
  return job;
}

}  // namespace torchhub::testing
