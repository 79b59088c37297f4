#pragma once

#include "server/store/database.h"
#include "support/local_hub.h"

#include <string>

namespace torchhub::testing {

/// While it lives, a hub's database fails at one kind of change, as it would on a broken disk.
class RefusedChange {
 public:
  /// @param name any word, another one for each that lives at the same time
  /// @param change as in SQL: "UPDATE OF modified ON repo"
  RefusedChange(const LocalHub& hub, std::string name, const std::string& change)
      : database_(hub.data_dir() / "hub.db", Durability::relaxed), name_(std::move(name)) {
    database_.script("CREATE TRIGGER " + name_ + " BEFORE " + change +
                     " BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");
  }
  ~RefusedChange() { database_.script("DROP TRIGGER " + name_); }
  RefusedChange(const RefusedChange&) = delete;
  RefusedChange& operator=(const RefusedChange&) = delete;

 private:
  server::Connection database_;
  std::string name_;
};

}  // namespace torchhub::testing
