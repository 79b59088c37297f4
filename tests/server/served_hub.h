#pragma once

#include "support/child_process.h"
#include "support/temp_dir.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace torchhub::testing {

/// `torchhub serve` as a program, with user "demo" and a write token.
class ServedHub {
 public:
  /// @param data the data folder; made with its user if it is not there yet
  explicit ServedHub(std::filesystem::path data, std::vector<std::string> more_arguments = {});

  /// Waits until it answers. @return false if it ended instead
  bool start();
  ChildProcess& process() { return *process_; }
  const std::string& base_url() const { return base_url_; }
  const std::string& token() const { return token_; }

 private:
  std::filesystem::path data_;
  TempDir folder_;
  std::vector<std::string> more_arguments_;
  std::string token_;
  std::string base_url_ = {};
  std::unique_ptr<ChildProcess> process_;
};

/// Runs the torchhub program to its end.
Finished torchhub_program(std::vector<std::string> arguments);

}  // namespace torchhub::testing
