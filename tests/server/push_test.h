#pragma once

#include "server/data_layout.h"
#include "server/git_user.h"
#include "server/hub_client.h"
#include "server/sound_data.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {

/// A hub with the repository demo/m, and Ana who has a clone "m" of it and may push. At the end the
/// repository must be sound and nothing half-way be left.
class PushTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    repository_ = repositories(hub_.data_dir()).at(0);
    ana_.clone("demo/m", "m");
  }

  void TearDown() override { expect_clean(hub_.data_dir()); }

  /// What git says of the server's repository.
  std::string on_server(std::vector<std::string> arguments) const {
    std::string text = git_in(repository_, std::move(arguments)).output;
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }
  std::string head(const std::string& ref = "refs/heads/main") const {
    return on_server({"rev-parse", "-q", "--verify", ref});
  }
  std::string content(const std::string& path, const std::string& revision = "main") const {
    return client_.get("/demo/m/resolve/" + revision + "/" + path).body;
  }

  Finished push(std::vector<std::string> arguments = {"origin", "main"},
                const std::string& clone = "m") const {
    arguments.insert(arguments.begin(), "push");
    return ana_.in(clone, std::move(arguments));
  }
  /// Pushes what must be refused, and sees that nothing of it stays.
  std::string refusal_of(std::vector<std::string> arguments = {"origin", "main"}) const {
    const std::string refs = on_server({"for-each-ref"});
    const std::string objects = on_server({"count-objects", "-v"});
    const Finished done = push(std::move(arguments));
    EXPECT_NE(done.exit_code, 0) << done.errors;
    EXPECT_EQ(on_server({"for-each-ref"}), refs);
    EXPECT_EQ(on_server({"count-objects", "-v"}), objects);
    return done.errors;
  }
  std::string refusal_of_commit(const std::string& commit) const {
    return refusal_of({"origin", commit + ":refs/heads/main"});
  }

  std::filesystem::path repository_;
  LocalHub hub_;
  HubClient client_{hub_};
  GitUser ana_{hub_.base_url(), hub_.token()};
};

inline void expect_says(const std::string& text, const std::string& words) {
  EXPECT_NE(text.find(words), std::string::npos) << "'" << words << "' in:\n" << text;
}

}  // namespace torchhub::testing
