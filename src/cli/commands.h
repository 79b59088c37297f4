#pragma once

#include <CLI/CLI.hpp>

namespace torchhub::cli {

/// Exit codes of every command.
inline constexpr int kFine = 0;
inline constexpr int kProblemFound = 1;
inline constexpr int kUsage = 2;
inline constexpr int kCouldNotRun = 3;

// Each adds its command to `app`; running it happens in the command's callback, which throws what
// went wrong (main() turns it into words and an exit code).
void add_serve(CLI::App& app);
void add_admin(CLI::App& app);

}  // namespace torchhub::cli
