#pragma once

#include "server/hub_client.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {

/// "demo" owns the public repository demo/m; "eve" may only read it.
class DiscussionFixture : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  static std::string at(const std::string& rest = "") {
    return "/api/models/demo/m/discussions" + rest;
  }
  static nlohmann::json answer(const Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    return nlohmann::json::parse(response.body, nullptr, false);
  }

  LocalHub hub_;
  HubClient client_{hub_};
  HubClient eve_{hub_.base_url(), hub_.create_user("eve")};
  HubClient nobody_{hub_.base_url(), ""};
};

}  // namespace torchhub::testing
