#include "torchhub/server/test_fixtures.h"

#include "server/hub_state.h"
#include "server/repos/repo_maker.h"
#include "torchhub/server/admin.h"

#include <fmt/format.h>

#include <string>

namespace torchhub {
namespace {

using server::Account;
using server::HubState;
using server::NewRepo;
using server::RepoRow;

constexpr const char* kConfig = "{\n  \"architectures\": [\"RobertaForMaskedLM\"]\n}\n";
constexpr const char* kCard = "---\nlanguage: en\nlicense: mit\n---\n\nA stand-in for tests.\n";

Account add_user(HubState& hub, const char* name, const char* token,
                 const AccountSettings& settings = {}) {
  const Account user = hub.accounts.create_user(name, settings);
  hub.tokens.add(user, {.id = {}, .role = TokenRole::write, .name = "test suite"}, token);
  return user;
}

Account add_organization(HubState& hub, const char* name, const Account& admin,
                         const AccountSettings& settings = {}) {
  hub.accounts.change(hub.accounts.create_organization(name, admin), settings);
  return *hub.accounts.find(name);
}

void add_repositories(HubState& hub, const Account& author) {
  const Account internal = add_organization(hub, "hf-internal-testing", author);
  make_repo(hub,
            {.owner = author,
             .name = "dummy-unknown",
             .files = {{"README.md", kCard},
                       {"config.json", kConfig},
                       {"merges.txt", "#version: 0.2\n"},
                       {"vocab.json", "{}\n"}}},
            author);
  const NewRepo old{.owner = internal,
                    .name = "dummy-will-be-renamed",
                    .files = {{"README.md", kCard}, {"config.json", kConfig}}};
  const RepoRow from = *make_repo(hub, old, author);
  RepoRow to = from;
  to.name = "dummy-renamed";
  move_repo(hub, from, to, author);
}

}  // namespace

void make_test_fixtures(const std::filesystem::path& data_dir, Durability durability) {
  // The address names the authors of first commits.
  HubState hub({.data_dir = data_dir,
                .base_url = "http://localhost",
                .durability = durability,
                .test_mode = true});
  if (!hub.accounts.users().empty()) {
    throw AccountError(fmt::format(
        "'{}' has users already. Test fixtures want an empty hub: name a new folder with --data.",
        data_dir.string()));
  }
  const Account dummy = add_user(hub, "__DUMMY_HUB_USER__", "hf_HubCITokenXXXXXXXXXXXXXXXXXXXXX",
                                 {.fullname = "Dummy User", .email = "dummy@example.org"});
  add_user(hub, "DVUser", "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");
  const Account enterprise = add_user(hub, "EnterpriseAdmin", "hf_enterprise_admin_token");
  add_organization(hub, "valid_org_hub", dummy, {.fullname = "Dummy Hub Org"});
  add_organization(hub, "EnterpriseOrgPrivate", enterprise, {.private_default = true});
  add_repositories(hub, hub.accounts.create_user("julien-c", {}));
}

}  // namespace torchhub
