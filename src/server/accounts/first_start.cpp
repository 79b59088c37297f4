#include "server/accounts/first_start.h"

#include "server/accounts/token_value.h"
#include "server/repos/sample_repos.h"

namespace torchhub::server {

std::optional<FirstUser> fill_empty_hub(HubState& hub, const FirstStart& wanted) {
  if (!hub.accounts.users().empty()) return std::nullopt;
  Account user = hub.accounts.create_user(wanted.admin, {.site_admin = true});
  if (wanted.demo) {
    if (folded(wanted.admin) != "demo") user = hub.accounts.create_user("demo", {});
    hub.accounts.create_organization("demo-org", user);
    make_sample_repos(hub, user);
  }
  const std::string token = make_token();
  hub.tokens.add(user, {.id = {}, .role = TokenRole::write, .name = "first token"}, token);
  return FirstUser{user.name, token};
}

}  // namespace torchhub::server
