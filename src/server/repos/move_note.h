#pragma once

#include "server/hub_state.h"
#include "server/repos/ref_command.h"

#include <string>
#include <vector>

namespace torchhub::server {

/// Refs that are to move together, noted on disk while they do: if the server is killed between two
/// of them, its next start moves the rest.
class MoveNote {
 public:
  /// The objects are there for good by now, and the caller has the turn of every ref.
  /// @throws DatabaseError
  MoveNote(Database& database, const std::string& repo_id, const std::vector<RefCommand>& commands);
  ~MoveNote();
  /// Before refs that have moved go back: from here on the next start leaves them alone. If it
  /// fails, they must stay where they are, and the next start moves the rest.
  /// @throws DatabaseError
  void withdraw();
  MoveNote(const MoveNote&) = delete;
  MoveNote& operator=(const MoveNote&) = delete;

 private:
  Database& database_;
  std::string id_;
};

/// Moves what an earlier server noted and did not come to. Before requests are answered.
void finish_noted_moves(HubState& hub);

}  // namespace torchhub::server
