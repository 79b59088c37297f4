#pragma once

#include "server/hub_client.h"
#include "server/served_hub.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {

/// `torchhub serve` with one repository that has an LFS file, and `torchhub admin` beside it.
class UpkeepProgramTest : public ::testing::Test {
 protected:
  UpkeepProgramTest() : hub_(data()) {
    EXPECT_TRUE(hub_.start()) << hub_.process().errors();
    HubClient client = this->client();
    client.create_repo("m");
    const std::string oid = client.upload("demo/m", "bytes");
    client.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, 5}));
  }

  HubClient client() const { return {hub_.base_url(), hub_.token()}; }
  std::filesystem::path data() const { return folder_ / "data"; }
  Finished admin(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"admin", "--data", data().string()});
    return torchhub_program(std::move(arguments));
  }
  /// Of a command that must end with 0.
  nlohmann::json admin_json(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const Finished done = admin(std::move(arguments));
    EXPECT_EQ(done.exit_code, 0) << done.output << done.errors;
    return nlohmann::json::parse(done.output, nullptr, false);
  }
  void stop() {
    hub_.process().signal(SIGTERM);
    EXPECT_EQ(hub_.process().wait(), 0);
  }

  TempDir folder_;
  ServedHub hub_;
};

}  // namespace torchhub::testing
