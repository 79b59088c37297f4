#include "server/served_hub.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/clock.h"

#include <gtest/gtest.h>

namespace torchhub::testing {

Finished torchhub_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), TORCHHUB_EXECUTABLE);
  return run(std::move(arguments));
}

ServedHub::ServedHub(std::filesystem::path data, std::vector<std::string> more_arguments)
    : data_(std::move(data)), more_arguments_(std::move(more_arguments)) {
  const std::string folder = data_.string();
  torchhub_program({"admin", "--data", folder, "user", "create", "demo"});  // it may be there
  const Finished made =
      torchhub_program({"admin", "--data", folder, "token", "create", "demo", "--role", "write"});
  EXPECT_EQ(made.exit_code, 0) << made.errors;
  token_ = made.output.substr(0, made.output.find('\n'));
}

bool ServedHub::start() {
  const std::filesystem::path address = folder_ / "address";
  std::filesystem::remove(address);
  std::vector<std::string> arguments = {TORCHHUB_EXECUTABLE, "serve",         "--data",
                                        data_.string(),      "--listen",      "127.0.0.1:0",
                                        "--address-file",    address.string()};
  arguments.insert(arguments.end(), more_arguments_.begin(), more_arguments_.end());
  process_ = std::make_unique<ChildProcess>(std::move(arguments));
  while (!std::filesystem::exists(address)) {
    if (!process_->is_running()) return false;
    system_clock()->sleep_for(std::chrono::milliseconds(5));  // another process: nothing to wait on
  }
  base_url_ = read_file(address);
  base_url_.resize(base_url_.find('\n'));
  return true;
}

}  // namespace torchhub::testing
