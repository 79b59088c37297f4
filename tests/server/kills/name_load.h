#pragma once

#include "server/kills/load.h"

#include <map>
#include <string>

namespace torchhub::testing {

/// Makes things of unique names and removes every second one.
class NameLoad : public KillLoad {
 public:
  void check(const HubClient& client, Look look) final;

 protected:
  virtual void make(const HubClient& client, const std::string& name) = 0;
  virtual void remove(const HubClient& client, const std::string& name) = 0;
  /// Fails the test if it is there by half.
  virtual bool exists(const HubClient& client, const std::string& name) = 0;

 private:
  void work(const HubClient& client, int turn) final;

  Answered<std::pair<std::string, bool>> answered_ = {};  ///< Is it there?
  std::string under_way_ = {};
};

}  // namespace torchhub::testing
