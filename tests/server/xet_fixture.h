#pragma once

#include "server/data_layout.h"
#include "server/xet_push.h"
#include "support/fake_clock.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

namespace torchhub::testing {

/// A hub with a repository demo/m and a clock that stands still.
class XetTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  XetPusher pusher() const { return {client_, "models/demo/m"}; }
  std::size_t files_in(const char* folder) const { return files_below(hub_.data_dir() / folder); }
  std::string object(const std::string& oid) const {
    const auto path = object_path(hub_.data_dir(), oid);
    return std::filesystem::exists(path) ? read_file(path) : "no such object";
  }
  /// Has demo/m the object?
  bool is_ours(const std::string& oid, std::size_t size) const {
    return client_.batch("demo/m", "download", oid, size).contains("actions");
  }

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  LocalHub hub_{relaxed({.clock = clock_})};
  HubClient client_{hub_};
};

}  // namespace torchhub::testing
