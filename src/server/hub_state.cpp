#include "server/hub_state.h"

#include "server/discussions/pull_request.h"
#include "server/repos/move_note.h"
#include "server/repos/repo_maker.h"
#include "server/store/lost_database.h"
#include "server/traffic/base_urls.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

/// Settings that every repository is read with, whatever its own file says.
void write_git_config(const fs::path& path, Durability durability) {
  write_file_atomically(path, fmt::format("[core]\n\tfsyncObjectFiles = {}\n",
                                          durability == Durability::full ? "true" : "false"));
}

std::vector<std::string> all_base_urls(const ServerOptions& options) {
  std::vector<std::string> out = options.more_base_urls;
  if (options.base_url) out.insert(out.begin(), *options.base_url);
  return out;
}

Quotas quotas_of(const ServerOptions& options) {
  return {options.max_repo_bytes, options.max_account_bytes};
}

}  // namespace

HubState::HubState(ServerOptions o)
    : options(std::move(o)),
      base_urls(all_base_urls(options)),
      faults(options.test_mode ? options.fault_point : ""),
      folder(options.data_dir),
      database((folder.lock(), refuse_lost_database(folder), folder.database()), options.durability,
               options.database_wait),
      accounts(database, *options.clock),
      tokens(database, *options.clock,
             options.test_mode ? TokenStore::Values::any : TokenStore::Values::made_here),
      events(database, *options.clock),
      failed_logins(*options.clock),
      token_uses(tokens, *options.clock),
      rates(*options.clock),
      repos(database, *options.clock, quotas_of(options)),
      repo_objects(database, *options.clock, quotas_of(options)),
      discussions(database, *options.clock),
      access_requests(database, *options.clock),
      likes(database, *options.clock),
      downloads(database, *options.clock),
      objects(folder, options.durability, faults),
      repositories(folder.git_config(), options.durability),
      offers(database, *options.clock, quotas_of(options)),
      signer(folder.link_key(), *options.clock),
      multipart(database, folder, objects, repo_objects, *options.clock, options.durability,
                faults),
      locks(database, *options.clock),
      xorbs(database, folder, options.durability, faults, *options.clock),
      xet_tokens(signer, *options.clock),
      git(options.git_processes, options.git_timeout),
      upload_slots(options.max_uploads_per_user),
      creations(options.max_new_repos_per_hour, *options.clock),
      access_log(options.access_log, *options.clock) {
  write_git_config(folder.git_config(), options.durability);
  // Not at each start: with 10,000 repositories the walk takes its time.
  if (!folder.take_clean_mark(options.durability)) folder.remove_stale_locks();
  folder.keep_reserve();
  finish_what_was_begun();
  multipart.clean();
  folder.empty_incoming(multipart.file_names());
  xorbs.clean_now_and_then();
  events.drop_old();
}

HubState::~HubState() {
  if (!cut_off) folder.leave_clean_mark();
}

void HubState::finish_what_was_begun() {
  for (const std::string& id : repos.in_state("deleting")) finish_deletion(*this, id);
  for (const std::string& id : repos.in_state("creating")) {
    std::error_code ignored;  // a folder that cannot go is an orphan, no repository
    fs::remove_all(folder.repository(id), ignored);
    repos.forget(id);
    log::info("repository_removed_at_start", {{"id", id}, {"state", "creating"}});
  }
  finish_noted_moves(*this);
  finish_pull_requests(*this);
  offers.drop_old();
}

std::string HubState::base_url(const HttpRequest& request) const {
  // Clients insist on the very name that they were given.
  const bool tls = own_url.starts_with("https:");
  if (const std::string* url = find_base_url(base_urls, request, tls)) return *url;
  if (options.base_url) return *options.base_url;
  // So a loopback name is echoed. Any other Host is not: it may be an attacker's.
  const std::string host = request.header("Host");
  const std::string scheme = tls ? "https://" : "http://";
  for (const std::string& port : own_ports) {
    for (std::string_view name : {"localhost", "127.0.0.1", "[::1]"}) {
      if (host == fmt::format("{}:{}", name, port)) return scheme + host;
      // Clients leave the port out where it is the scheme's own (RFC 9110 section 7.2).
      if (host == name && port == (tls ? "443" : "80")) return scheme + host;
    }
  }
  return own_url;
}

}  // namespace torchhub::server
