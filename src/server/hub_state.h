#pragma once

#include "server/accounts/account_store.h"
#include "server/accounts/failed_logins.h"
#include "server/accounts/token_store.h"
#include "server/accounts/token_uses.h"
#include "server/discussions/discussion_store.h"
#include "server/git/history.h"
#include "server/git/program.h"
#include "server/git/repository.h"
#include "server/git/repository_pool.h"
#include "server/http/request.h"
#include "server/lfs/link_signer.h"
#include "server/lfs/lock_store.h"
#include "server/lfs/multipart_uploads.h"
#include "server/lfs/object_store.h"
#include "server/lfs/offers.h"
#include "server/repos/access_requests.h"
#include "server/repos/download_counter.h"
#include "server/repos/likes.h"
#include "server/repos/ref_queue.h"
#include "server/repos/repo_objects.h"
#include "server/repos/repo_store.h"
#include "server/store/data_folder.h"
#include "server/store/database.h"
#include "server/store/event_log.h"
#include "server/store/fault_point.h"
#include "server/store/repo_guard.h"
#include "server/traffic/access_log.h"
#include "server/traffic/creation_limit.h"
#include "server/traffic/metrics.h"
#include "server/traffic/rate_limiter.h"
#include "server/traffic/upload_slots.h"
#include "server/xet/tokens.h"
#include "server/xet/xorb_store.h"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub::server {

/// What the HTTP layer has to do just now.
struct HttpLoad {
  unsigned connections = 0;
  unsigned uploads = 0;
};

/// What handlers work on. Everything in it may be used from several threads.
struct HubState {
  /// Opens and locks the data folder, and puts right what an earlier server left half-way.
  explicit HubState(ServerOptions options);
  /// Leaves the mark of an end in order, unless `cut_off`.
  ~HubState();
  HubState(const HubState&) = delete;
  HubState& operator=(const HubState&) = delete;

  git::Repository open(const RepoRow& repo) const {
    return repositories.open(folder.repository(repo.id));
  }
  /// What links in the answer to `request` start with.
  std::string base_url(const HttpRequest& request) const;
  /// "http://127.0.0.1:8686/datasets/ana/reviews"
  std::string web_url(const HttpRequest& request, const RepoRow& repo) const {
    return base_url(request) + "/" + repo.repo().web_path();
  }

  ServerOptions options;
  std::vector<std::string> base_urls;  ///< Those of the options, the default one first.
  FaultPoint faults;
  DataFolder folder;
  Database database;
  AccountStore accounts;
  TokenStore tokens;
  EventLog events;
  // What the Gate keeps of every request, of those that only read as well.
  mutable FailedLogins failed_logins;
  mutable TokenUses token_uses;
  mutable RateLimiter rates;
  RepoStore repos;
  RepoObjects repo_objects;
  DiscussionStore discussions;
  AccessRequests access_requests;
  Likes likes;
  DownloadCounter downloads;
  git::CommitCounts commit_counts = {};
  ObjectStore objects;
  git::RepositoryPool repositories;
  LfsOffers offers;
  LinkSigner signer;
  MultipartUploads multipart;
  LockStore locks;
  XorbStore xorbs;
  XetTokens xet_tokens;
  git::Program git;
  RefQueue queue;
  RepoWriters writers = {};
  UploadSlots upload_slots;
  CreationLimit creations;
  AccessLog access_log;
  Metrics metrics;
  std::function<HttpLoad()> load = {};      ///< Set once somebody listens.
  std::string own_url = {};                 ///< Set once the port is known.
  std::vector<std::string> own_ports = {};  ///< Of all that it listens on; set with own_url.
  std::stop_source stop = {};  ///< Ends git processes, and the wait for requests under way.
  bool cut_off = false;  ///< Requests were ended half-way; they may have left git's lock files.

 private:
  void finish_what_was_begun();
};

}  // namespace torchhub::server
