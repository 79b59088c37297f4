#pragma once

#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"

#include <vector>

namespace torchhub {

/// All that processes of the past had saved below the journal's folder and not pushed, oldest
/// first: jobs that were handed over, and the newest checkpoint if its process was killed before it
/// could hand it over. That one goes with the README.md that is there. What another process is at
/// is left to it. @throws FileError, DiskFullError; Error if the journal is damaged
std::vector<PushJob> pushes_left(const PushJournal& journal);

}  // namespace torchhub
