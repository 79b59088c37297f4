#pragma once

#include "server/hub_client.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {

/// How much a check looks at.
enum class Look { at_news, at_all };

/// Somebody who uses the hub until it is killed, remembers what it answered, and looks after the
/// restart whether all of that is there and nothing is there by half.
class KillLoad {
 public:
  virtual ~KillLoad() = default;
  /// Works until the hub is gone: returns at a ConnectionError. On a thread of its own.
  void run(const HubClient& client);
  /// With the hub running again.
  virtual void check(const HubClient& client, Look look) = 0;
  /// Ends what the kill cut off, where that would stay for a while.
  virtual void finish(const HubClient& /*client*/) {}

 private:
  /// @param turn counts from 0 over the whole life of the load
  virtual void work(const HubClient& client, int turn) = 0;
  int turn_ = 0;
};

/// What the hub has answered for good, in its order.
template <typename T>
class Answered {
 public:
  void add(T thing) { all_.push_back(std::move(thing)); }
  /// What came since the last look, or everything.
  std::span<const T> seen_by(Look look) {
    const std::size_t start = look == Look::at_all ? 0 : looked_at_;
    looked_at_ = all_.size();
    return std::span<const T>(all_).subspan(start);
  }

 private:
  std::vector<T> all_ = {};
  std::size_t looked_at_ = 0;
};

/// "word12"
std::string numbered(const char* word, int turn);
/// `size` bytes that no other word and turn have.
std::string bytes_of_turn(const char* word, int turn, std::size_t size);

/// One of each kind, and the repositories that they work in.
std::vector<std::unique_ptr<KillLoad>> make_kill_loads(HubClient client);

std::unique_ptr<KillLoad> make_commit_load();
std::unique_ptr<KillLoad> make_object_load();
std::unique_ptr<KillLoad> make_part_load();
std::unique_ptr<KillLoad> make_xet_load();
std::unique_ptr<KillLoad> make_push_load();
std::unique_ptr<KillLoad> make_pull_request_load();
std::unique_ptr<KillLoad> make_repository_load();
std::unique_ptr<KillLoad> make_ref_load();
std::unique_ptr<KillLoad> make_lock_load();
std::unique_ptr<KillLoad> make_move_load();
std::unique_ptr<KillLoad> make_setting_load();
std::unique_ptr<KillLoad> make_rewrite_load();
std::unique_ptr<KillLoad> make_read_load();

}  // namespace torchhub::testing
