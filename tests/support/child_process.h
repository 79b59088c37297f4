#pragma once

#include "support/temp_dir.h"

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

namespace torchhub::testing {

/// A program that a test starts. Ends with the scope, by SIGKILL if it must.
class ChildProcess {
 public:
  /// @param arguments the program first, looked for in PATH
  explicit ChildProcess(std::vector<std::string> arguments,
                        std::vector<std::string> more_environment = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Until wait().
  pid_t id() const { return id_; }
  void signal(int number) const;
  /// Waits for the end. @return the exit code, or 128 + the signal that ended it
  int wait();
  bool is_running();
  /// What it has printed so far.
  std::string output() const;
  std::string errors() const;

 private:
  TempDir folder_;
  pid_t id_ = -1;
  int exit_code_ = -1;
};

/// How a program ended.
struct Finished {
  int exit_code = -1;
  std::string output = {};
  std::string errors = {};
};

/// Runs it to its end.
Finished run(std::vector<std::string> arguments, std::vector<std::string> more_environment = {});

}  // namespace torchhub::testing
