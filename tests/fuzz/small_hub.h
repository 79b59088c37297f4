#pragma once

#include "server/hub_state.h"
#include "server/repos/repo_maker.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "torchhub/base/sha256.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace torchhub::testing {

/// A hub without a network: a user `ana`, her repository `ana/m` with two files, and one LFS object
/// of it. Its time stands still, so that equal requests have equal answers.
struct SmallHub {
  static constexpr std::string_view kBytes = "hello";

  SmallHub() {
    state.tokens.add(ana, {.id = {}, .role = TokenRole::write, .name = "fuzz"}, token);
    server::ObjectStore::Upload upload(state.objects, object);
    upload.write(std::as_bytes(std::span(kBytes)));
    upload.commit();
    state.repo_objects.link(repo.id, {object});
  }

  TempDir folder = {};
  server::HubState state{{.data_dir = folder / "data",
                          .base_url = "http://hub.test",
                          .durability = Durability::relaxed,
                          .test_mode = true,
                          .clock = std::make_shared<FakeClock>()}};
  std::string token = "hf_fuzz";
  server::Account ana = state.accounts.create_user("ana", {});
  server::RepoRow repo =
      server::make_repo(
          state,
          {.owner = ana, .name = "m", .files = {{"README.md", "# m\n"}, {"config/a.json", "{}"}}},
          ana)
          .value();
  LfsPointer object{sha256_hex(kBytes), kBytes.size()};
};

}  // namespace torchhub::testing
