#pragma once

#include "support/child_process.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace torchhub::testing {

/// `torchhub serve` as a process of its own, on the same port however often it is killed.
class KillableHub {
 public:
  explicit KillableHub(std::string torchhub) : torchhub_(std::move(torchhub)) {
    start();
    const std::string said = process_->errors();
    const std::string mark = "HF_TOKEN=";
    const std::size_t at = said.find(mark) + mark.size();
    token_ = said.substr(at, said.find('\n', at) - at);
  }
  const std::string& url() const { return url_; }
  const std::string& token() const { return token_; }
  pid_t id() const { return process_->id(); }

  /// Until `program` has ended; starts again whenever it is killed meanwhile. The test has no other
  /// processes. @return how often it was
  int serve_until_end_of(ChildProcess& program) {
    int kills = 0;
    for (;;) {
      const bool over = !program.is_running();  // before one looks whether the hub is there
      if (!process_->is_running()) {
        process_->wait();
        start();
        ++kills;
      }
      if (over) return kills;
      siginfo_t ended{};
      ::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);
    }
  }

 private:
  void start() {
    const std::filesystem::path address = folder_ / "address";
    std::filesystem::remove(address);
    process_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        torchhub_, "serve", "--data", (folder_ / "data").string(), "--listen", "127.0.0.1:" + port_,
        "--address-file", address.string(), "--demo"});
    while (!std::filesystem::exists(address)) {
      if (!process_->is_running()) throw Error("the hub has ended: " + process_->errors());
      std::this_thread::yield();
    }
    url_ = read_file(address);
    url_.pop_back();
    port_ = url_.substr(url_.rfind(':') + 1);
  }

  std::string torchhub_;
  TempDir folder_;
  std::string port_ = "0";
  std::string url_ = {};
  std::string token_ = {};
  std::unique_ptr<ChildProcess> process_ = nullptr;
};

}  // namespace torchhub::testing
