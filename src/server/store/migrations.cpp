#include "server/store/data_folder.h"
#include "server/store/database.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <array>

namespace torchhub::server {
namespace {

/// Step N brings a database of version N to version N + 1. Never changed, only added to.
constexpr std::array kSteps = {
    R"sql(
CREATE TABLE account(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'org')),
  fullname TEXT NOT NULL,
  private_default INTEGER NOT NULL DEFAULT 0,
  site_admin INTEGER NOT NULL DEFAULT 0,
  disabled INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL
);
CREATE TABLE member(
  org TEXT NOT NULL REFERENCES account(id),
  user TEXT NOT NULL REFERENCES account(id),
  role TEXT NOT NULL CHECK (role IN ('read', 'contributor', 'write', 'admin')),
  PRIMARY KEY (org, user)
) WITHOUT ROWID;
CREATE TABLE token(
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL REFERENCES account(id),
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('read', 'write')),
  hint TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER
);
CREATE TABLE repo(
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL CHECK (type IN ('model', 'dataset', 'space')),
  owner TEXT NOT NULL REFERENCES account(id),
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  creator TEXT NOT NULL REFERENCES account(id),
  state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'deleting')),
  private INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (type, owner, name_fold)
);
CREATE TABLE repo_lfs(
  repo TEXT NOT NULL REFERENCES repo(id),
  oid TEXT NOT NULL,
  size INTEGER NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (repo, oid)
) WITHOUT ROWID;
CREATE INDEX repo_lfs_by_oid ON repo_lfs(oid);
)sql",
    // Accounts, tokens and the event log. An event outlives what it tells of, so it refers to
    // nothing.
    R"sql(
ALTER TABLE account ADD COLUMN email TEXT NOT NULL DEFAULT '';
CREATE TABLE new_token(
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('read', 'write', 'fineGrained')),
  scopes TEXT NOT NULL DEFAULT '[]',
  hint TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER,
  last_used INTEGER
);
INSERT INTO new_token(id, hash, user, name, role, hint, created, expires)
  SELECT id, hash, user, name, role, hint, created, expires FROM token;
DROP TABLE token;
ALTER TABLE new_token RENAME TO token;
CREATE INDEX token_by_user ON token(user);
CREATE INDEX member_by_user ON member(user);
CREATE TABLE event(
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  repo TEXT NOT NULL,
  kind TEXT NOT NULL,
  json TEXT NOT NULL
);
CREATE INDEX event_by_time ON event(at);
)sql",
    R"sql(
CREATE TABLE lfs_upload(
  id TEXT PRIMARY KEY,
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  oid TEXT NOT NULL,
  size INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  created INTEGER NOT NULL,
  touched INTEGER NOT NULL,
  UNIQUE (repo, oid, size)
);
CREATE INDEX lfs_upload_by_oid ON lfs_upload(oid);
CREATE TABLE lfs_upload_part(
  upload TEXT NOT NULL REFERENCES lfs_upload(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  PRIMARY KEY (upload, number)
) WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE lfs_lock(
  id TEXT PRIMARY KEY,
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  created INTEGER NOT NULL,
  UNIQUE (repo, path)
);
)sql",
    // Discussions and pull requests. Numbers count from 1 in each repository. 'merging' is the
    // commit that a merge is about to move the base branch to, and 'merger' who does it.
    R"sql(
CREATE TABLE discussion(
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  num INTEGER NOT NULL,
  is_pull_request INTEGER NOT NULL,
  title TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('creating', 'draft', 'open', 'closed', 'merged')),
  author TEXT REFERENCES account(id) ON DELETE SET NULL,
  created INTEGER NOT NULL,
  base TEXT NOT NULL DEFAULT '',
  start TEXT NOT NULL DEFAULT '',
  head TEXT NOT NULL DEFAULT '',
  merge_commit TEXT NOT NULL DEFAULT '',
  merging TEXT,
  merger TEXT REFERENCES account(id) ON DELETE SET NULL,
  PRIMARY KEY (repo, num)
) WITHOUT ROWID;
CREATE INDEX discussion_creating ON discussion(repo) WHERE status = 'creating';
CREATE INDEX discussion_merging ON discussion(repo) WHERE merging IS NOT NULL;
CREATE INDEX discussion_by_author ON discussion(author);
CREATE INDEX discussion_by_merger ON discussion(merger);
CREATE TABLE discussion_event(
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  repo TEXT NOT NULL,
  num INTEGER NOT NULL,
  type TEXT NOT NULL,
  author TEXT REFERENCES account(id) ON DELETE SET NULL,
  created INTEGER NOT NULL,
  data TEXT NOT NULL,
  hidden INTEGER NOT NULL DEFAULT 0,
  FOREIGN KEY (repo, num) REFERENCES discussion(repo, num) ON DELETE CASCADE
);
CREATE INDEX discussion_event_by_discussion ON discussion_event(repo, num, seq);
CREATE INDEX discussion_event_by_author ON discussion_event(author);
CREATE TABLE discussion_text(
  event INTEGER NOT NULL REFERENCES discussion_event(seq) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  raw TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (event, version)
) WITHOUT ROWID;
)sql",
    // Objects that somebody sent for a pull request and has not committed yet.
    R"sql(
CREATE TABLE lfs_offer(
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  user TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  oid TEXT NOT NULL,
  size INTEGER NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (repo, user, oid)
) WITHOUT ROWID;
CREATE INDEX lfs_offer_by_user ON lfs_offer(user);
CREATE INDEX lfs_offer_by_age ON lfs_offer(created);
)sql",
    // Repositories as lists show them. What is only a cache of the commit `head` stands after it;
    // the tags come last, since they alone may be long.
    R"sql(
ALTER TABLE repo ADD COLUMN gated TEXT NOT NULL DEFAULT '' CHECK (gated IN ('', 'auto', 'manual'));
ALTER TABLE repo ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repo ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE repo ADD COLUMN downloads INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repo ADD COLUMN likes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repo ADD COLUMN head TEXT NOT NULL DEFAULT '';
ALTER TABLE repo ADD COLUMN pipeline_tag TEXT NOT NULL DEFAULT '';
ALTER TABLE repo ADD COLUMN library TEXT NOT NULL DEFAULT '';
ALTER TABLE repo ADD COLUMN license TEXT NOT NULL DEFAULT '';
ALTER TABLE repo ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repo ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
CREATE TABLE repo_card(
  repo TEXT PRIMARY KEY REFERENCES repo(id) ON DELETE CASCADE,
  card TEXT NOT NULL,
  config TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE repo_tag(
  tag TEXT NOT NULL,
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  PRIMARY KEY (tag, repo)
) WITHOUT ROWID;
CREATE INDEX repo_tag_by_repo ON repo_tag(repo);
CREATE TABLE alias(
  type TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  PRIMARY KEY (type, name_fold)
) WITHOUT ROWID;
CREATE INDEX alias_by_repo ON alias(repo);
CREATE TABLE liked(
  user TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  PRIMARY KEY (user, repo)
) WITHOUT ROWID;
CREATE INDEX liked_by_repo ON liked(repo, at);
CREATE TABLE access_request(
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  user TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected')),
  fields TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (repo, user)
) WITHOUT ROWID;
CREATE INDEX repo_by_modified ON repo(type, modified, id) WHERE state = 'ready';
CREATE INDEX repo_by_created ON repo(type, created, id) WHERE state = 'ready';
CREATE INDEX repo_by_downloads ON repo(type, downloads, id) WHERE state = 'ready';
CREATE INDEX repo_by_likes ON repo(type, likes, id) WHERE state = 'ready';
)sql",
    // Xorbs that Xet clients sent. A chunk table is 40 bytes a chunk: hash, end in the xorb, end
    // when unpacked. While `kept` is 1 the bytes lie in xet/.
    R"sql(
CREATE TABLE xet_xorb(
  hash TEXT PRIMARY KEY,
  chunks BLOB NOT NULL,
  used INTEGER NOT NULL,
  kept INTEGER NOT NULL
);
CREATE TABLE xet_session(
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  user TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  used INTEGER NOT NULL,
  PRIMARY KEY (repo, user)
) WITHOUT ROWID;
CREATE TABLE xet_upload(
  xorb TEXT NOT NULL REFERENCES xet_xorb(hash) ON DELETE CASCADE,
  repo TEXT NOT NULL,
  user TEXT NOT NULL,
  PRIMARY KEY (xorb, repo, user),
  FOREIGN KEY (repo, user) REFERENCES xet_session(repo, user) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX xet_upload_by_session ON xet_upload(repo, user);
CREATE TABLE xet_place(
  xorb TEXT NOT NULL REFERENCES xet_xorb(hash) ON DELETE CASCADE,
  first INTEGER NOT NULL,
  past INTEGER NOT NULL,
  oid TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (xorb, first, past, oid)
) WITHOUT ROWID;
CREATE TABLE xet_file(
  hash TEXT PRIMARY KEY,
  oid TEXT NOT NULL,
  size INTEGER NOT NULL,
  used INTEGER NOT NULL
) WITHOUT ROWID;
)sql",
    // Refs that one push moves together, while it does.
    R"sql(
CREATE TABLE ref_move(
  push TEXT NOT NULL,
  repo TEXT NOT NULL REFERENCES repo(id) ON DELETE CASCADE,
  ref TEXT NOT NULL,
  old TEXT NOT NULL,
  new TEXT NOT NULL,
  PRIMARY KEY (push, ref)
) WITHOUT ROWID;
)sql",
    // May a push take commits away from a branch?
    R"sql(
ALTER TABLE repo ADD COLUMN forced_pushes INTEGER NOT NULL DEFAULT 1;
)sql",
    // How many parameters a model has, as a cache of the commit `head`: -1 none that can be
    // counted, -2 not looked yet.
    R"sql(
ALTER TABLE repo ADD COLUMN parameters INTEGER NOT NULL DEFAULT -2;
CREATE INDEX repo_by_parameters ON repo(type, parameters, id) WHERE state = 'ready';
)sql",
    // How large a xorb is, so that its sender can be kept to a limit.
    R"sql(
ALTER TABLE xet_xorb ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX xet_upload_by_user ON xet_upload(user, xorb);
)sql",
    // Who sent an object for a pull request that is not merged: it counts against that account, and
    // not against the repository. NULL: it is the repository's own.
    R"sql(
ALTER TABLE repo_lfs ADD COLUMN offered_by TEXT;
CREATE INDEX repo_lfs_by_sender ON repo_lfs(offered_by) WHERE offered_by IS NOT NULL;
)sql"};

std::int64_t version_of(Connection& connection) {
  Statement statement = connection.prepare("PRAGMA user_version");
  statement.step();
  return statement.number(0);
}

/// What the tables were before steps that cannot be undone: "hub.db.v3" beside the database.
void keep_copy(Connection& connection, const std::filesystem::path& path, std::int64_t version) {
  const std::filesystem::path copy = path.string() + fmt::format(".v{}", version);
  // SQLite writes into no file that is there, and another process may do the same right now.
  const std::filesystem::path beside = copy.string() + "." + random_hex(4);
  connection.run("VACUUM INTO ?", beside.string());
  sync_file(beside);
  std::filesystem::rename(beside, copy);
  sync_folder(copy.parent_path());
}

}  // namespace

std::span<const char* const> migration_steps() { return kSteps; }

void migrate(Connection& connection, const std::filesystem::path& path,
             std::span<const char* const> steps) {
  const auto newest = static_cast<std::int64_t>(steps.size());
  const std::int64_t found = version_of(connection);
  if (found == newest) return;
  if (found > 0 && found < newest) keep_copy(connection, path, found);
  WriteTransaction transaction(connection);  // another process may be migrating: look again inside
  const std::int64_t version = version_of(connection);
  if (version > newest) {
    throw Error(fmt::format(
        "The database '{}' is of version {}, but this torchhub knows versions up to {}. "
        "Use a newer torchhub.",
        path.string(), version, newest));
  }
  for (std::size_t step = static_cast<std::size_t>(version); step < steps.size(); ++step) {
    connection.script(steps[step]);
  }
  connection.script(fmt::format("PRAGMA user_version={}", newest));
  transaction.commit();
}

}  // namespace torchhub::server
