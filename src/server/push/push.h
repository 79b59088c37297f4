#pragma once

#include "server/accounts/account_store.h"
#include "server/hub_state.h"
#include "server/push/push_request.h"
#include "server/push/quarantine.h"
#include "server/push/spool.h"

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// What became of one ref of a push.
struct RefOutcome {
  std::string ref;
  std::string problem = {};  ///< Empty: it is where the pusher wants it.
};

/// A push whose body is in: checks all of it, then moves refs.
///
/// Contents and names are all or nothing. Where refs are by now is not, as with git itself: a ref
/// that somebody else moved meanwhile stays, the others move, unless the pusher asked for
/// `--atomic`.
class Push {
 public:
  using Say = std::function<void(const std::string& sentence)>;

  Push(HubState& hub, RepoRow repo, Account user, PushRequest request, const Spool& pack)
      : hub_(hub),
        repo_(std::move(repo)),
        user_(std::move(user)),
        request_(std::move(request)),
        pack_(pack),
        git_(hub.open(repo_)),
        quarantine_(hub.git, git_, hub.folder) {}

  /// @param say tells the pusher what to know besides
  /// @throws Refusal; ApiError 404 if the repository was deleted meanwhile, 503 if there are too
  /// many; DiskFullError, FileError, CancelledError. Then no ref has moved.
  std::vector<RefOutcome> run(const Say& say, const std::stop_token& stop);

 private:
  using Refs = git::RefIds;

  void check_names() const;
  std::vector<PushedObject> take_objects(const std::stop_token& stop);
  void check_tips();
  void check_forced();
  void check_locks(const std::vector<RefOutcome>& outcomes);
  void need_commit_at(const RefCommand& command);
  void warn_of_cards(const Say& say);

  std::vector<RefOutcome> move_refs();
  std::vector<RefOutcome> judge() const;
  /// What the log keeps of those that moved.
  NewEvent event_of(const std::vector<RefOutcome>& outcomes) const;
  std::string problem_of(const RefCommand& command, const Refs& refs) const;
  void move_all(std::vector<RefOutcome>& outcomes);
  std::string move(const RefCommand& command);
  /// Places of the commands: what goes first makes room for what comes.
  std::vector<std::size_t> in_order() const;

  HubState& hub_;
  RepoRow repo_;
  Account user_;
  PushRequest request_;
  const Spool& pack_;
  git::Repository git_;
  Quarantine quarantine_;
};

}  // namespace torchhub::server
