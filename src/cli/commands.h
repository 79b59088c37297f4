#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace torchhub::cli {

/// Exit codes of every command.
inline constexpr int kFine = 0;
inline constexpr int kProblemFound = 1;
inline constexpr int kUsage = 2;
inline constexpr int kCouldNotRun = 3;

/// Thrown by a command that has said all there is to say and ends with another program's status.
struct ExitStatus {
  int code = kFine;
};

/// Says what is wrong and ends with kProblemFound.
[[noreturn]] void end_with_problem(const std::string& message);

/// Stands for the first "--" of `torchhub launch`, which CLI11 2.1 would take from the command and
/// give to the application. A plain argument by its look, so that it begins the program.
inline constexpr const char* kProgramFollows = "\x01--";

// Each adds its command to `app`; running it happens in the command's callback, which throws what
// went wrong (main() turns it into words and an exit code).
void add_serve(CLI::App& app);
void add_admin(CLI::App& app);
void add_card(CLI::App& app);
void add_launch(CLI::App& app);
void add_push(CLI::App& app);
void add_mirror(CLI::App& app);
/// `folder` of `torchhub push`.
void add_push_folder(CLI::App& push_command);

}  // namespace torchhub::cli
