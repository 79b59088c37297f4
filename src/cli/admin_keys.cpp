#include "cli/admin_commands.h"
#include "torchhub/server/admin.h"
#include "torchhub/server/revoke_links.h"

#include <nlohmann/json.hpp>

namespace torchhub::cli {
namespace {

void rotate(const AdminPlace& place, bool now) {
  if (now) {
    revoke_links(place.data);
  } else {
    Admin(existing_hub(place)).rotate_link_key();
  }
  if (place.json) print_json({{"rotated", true}, {"linksRevoked", now}});
}

}  // namespace

void add_admin_keys(CLI::App& admin, const std::shared_ptr<AdminPlace>& place) {
  const auto now = std::make_shared<bool>(false);
  CLI::App* keys = admin.add_subcommand("keys", "What signs links to LFS objects");
  keys->require_subcommand(1);
  CLI::App* command = keys->add_subcommand(
      "rotate", "Sign with a new key; links given out before stay good for their 24 hours");
  command->add_flag("--now", *now,
                    "They are worthless at once: uploads under way by them must be begun anew");
  add_json_flag(*command, *place);
  command->callback([place, now] { rotate(*place, *now); });
}

}  // namespace torchhub::cli
