#include "server/repos/move_note.h"

#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"

namespace torchhub::server {
namespace {

struct NotedMove {
  std::string repo_id;
  RefCommand command;
};

std::vector<NotedMove> noted_moves(Database& database) {
  auto connection = database.lease();
  // As it was begun: what goes first makes room for what comes.
  Statement rows =
      connection->prepare("SELECT repo, old, new, ref FROM ref_move ORDER BY new <> ?, ref");
  rows.bind(kNoId);
  std::vector<NotedMove> out;
  while (rows.step()) out.push_back({rows.text(0), {rows.text(1), rows.text(2), rows.text(3)}});
  return out;
}

void finish(git::Repository git, const RefCommand& command) {
  const auto refs = git.ref_ids();
  const auto found = refs.find(command.ref);
  if ((found != refs.end() ? found->second : kNoId) != command.old_id) return;
  if (command.deletes()) {
    git.delete_ref(command.ref);
  } else {
    git.move_ref(command.ref, command.creates() ? "" : command.old_id, command.new_id,
                 "finished at start");
  }
}

}  // namespace

MoveNote::MoveNote(Database& database, const std::string& repo_id,
                   const std::vector<RefCommand>& commands)
    : database_(database), id_(random_hex(12)) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  for (const RefCommand& command : commands) {
    // One that could not be removed is out of date: whoever has the turn of a ref is alone with it.
    connection->run("DELETE FROM ref_move WHERE repo = ? AND ref = ?", repo_id, command.ref);
    connection->run("INSERT INTO ref_move(push, repo, ref, old, new) VALUES(?,?,?,?,?)", id_,
                    repo_id, command.ref, command.old_id, command.new_id);
  }
  transaction.commit();
}

void MoveNote::withdraw() { database_.run("DELETE FROM ref_move WHERE push = ?", id_); }

MoveNote::~MoveNote() {
  try {
    withdraw();
  } catch (const DatabaseError& error) {
    log::warning("note_of_moved_refs_stays", {{"error", error.what()}});
  }
}

void finish_noted_moves(HubState& hub) {
  for (const NotedMove& move : noted_moves(hub.database)) {
    try {
      RepoRow row;
      row.id = move.repo_id;
      finish(hub.open(row), move.command);
      log::info("moved_at_start", {{"repository", row.id}, {"ref", move.command.ref}});
    } catch (const Error& error) {
      log::error("not_moved_at_start", {{"repository", move.repo_id}, {"error", error.what()}});
    }
  }
  hub.database.run("DELETE FROM ref_move");
}

}  // namespace torchhub::server
