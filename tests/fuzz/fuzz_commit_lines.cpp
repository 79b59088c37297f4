// The NDJSON of a commit: however it is cut, it says the same; what it says has good paths and
// names no object of somebody else's; and the tree it makes is the one that a plain list of files
// would come to.

#include "fuzz/pieces.h"
#include "fuzz/small_hub.h"
#include "server/api/commit_body.h"
#include "server/http/api_error.h"
#include "torchhub/base/utf8.h"

#include <fmt/format.h>
#include <git2.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace torchhub;
using namespace torchhub::server;

/// Path to blob. A copy's blob is known to the server only: empty.
using Files = std::map<std::string, std::string>;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_refusal(const ApiError& error) {
  check(error.status() >= 400 && error.status() < 500);
  check(std::string_view(error.what()).size() > 0);
}

testing::SmallHub& hub() {
  static testing::SmallHub made;
  return made;
}

/// The rule again, in the plainest words.
bool is_safe(std::string_view path) {
  if (path.empty() || !is_utf8(path)) return false;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    std::string part(path.substr(start, end - start));
    for (char& c : part) {
      if (c == '\\' || (c >= 0 && c < ' ')) return false;
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 'a' - 'A');
    }
    if (part.empty() || part == "." || part == ".." || part == ".git") return false;
    start = end + 1;
  }
  return true;
}

void check_change(const Change& change) {
  check(std::visit([](const auto& c) { return is_safe(c.path); }, change));
  const auto* put = std::get_if<PutChange>(&change);
  if (put != nullptr && put->lfs) check(*put->lfs == hub().object);
}

std::string described(const CommitPlan& plan) {
  std::string out = plan.header.summary + "\n" + plan.header.description + "\n" +
                    plan.header.parent_commit.value_or("any");
  for (const Change& change : plan.changes) {
    out += "\n" + std::visit([](const auto& c) { return c.path; }, change);
    if (const auto* put = std::get_if<PutChange>(&change)) out += "=" + git::to_hex(put->blob);
    if (const auto* copy = std::get_if<CopyChange>(&change)) {
      out += "<" + copy->source_path + "@" + copy->source_revision.value_or("");
    }
  }
  return out;
}

/// Every file of a commit that lies in the intake or the repository.
Files files_of(git_repository* repository, const std::string& commit) {
  const git_oid id = git::parse_oid(commit);
  const auto found = git::made<git::CommitHandle>("", git_commit_lookup, repository, &id);
  const auto tree = git::made<git::TreeHandle>("", git_commit_tree, found.get());
  Files out;
  const auto note = [](const char* folder, const git_tree_entry* entry, void* files) {
    if (git_tree_entry_type(entry) == GIT_OBJECT_TREE) return 0;
    check(git_tree_entry_type(entry) == GIT_OBJECT_BLOB);
    static_cast<Files*>(files)->emplace(std::string(folder) + git_tree_entry_name(entry),
                                        git::to_hex(*git_tree_entry_id(entry)));
    return 0;
  };
  check(git_tree_walk(tree.get(), GIT_TREEWALK_PRE, note, &out) == 0);
  return out;
}

void apply(const Change& change, Files& files) {
  if (const auto* put = std::get_if<PutChange>(&change)) {
    files[put->path] = git::to_hex(put->blob);
  } else if (const auto* copy = std::get_if<CopyChange>(&change)) {
    files[copy->path].clear();
  } else {
    const std::string path = std::get<DeleteChange>(change).path;
    std::erase_if(files, [&](const auto& file) {
      return file.first == path || file.first.starts_with(path + "/");
    });
  }
}

/// Builds the commit, and compares it with the changes made one by one on a list of files.
void check_tree(const CommitPlan& plan, git::ObjectIntake& intake) {
  git::Repository git = hub().state.open(hub().repo);
  const std::string tip = git.ref_target("refs/heads/main").value();
  std::optional<std::string> commit;
  try {
    commit = build_commit(hub().state, hub().repo, git, tip, plan, "ana", intake);
  } catch (const ApiError& error) {
    return check_refusal(error);
  }
  Files expected = files_of(git.handle(), tip);
  for (const Change& change : plan.changes) apply(change, expected);
  Files found = files_of(intake.repository(), commit.value_or(tip));
  for (Files* files : {&expected, &found}) files->erase(".gitattributes");  // the server adds rules
  check(found.size() == expected.size());
  for (const auto& [path, blob] : expected) {
    const auto file = found.find(path);
    check(file != found.end() && (blob.empty() || file->second == blob));
  }
}

/// What the server makes of the body: its plan in words, or the refusal.
std::string read(std::span<const std::byte> bytes, std::size_t piece,
                 const std::function<void(const CommitPlan&, git::ObjectIntake&)>& look_at) {
  CommitBody body(hub().state, hub().repo, hub().ana.id,
                  [&](const CommitPlan& plan, git::ObjectIntake& intake) {
                    look_at(plan, intake);
                    return text_response(described(plan));
                  });
  try {
    testing::take_in_pieces(body, bytes, piece);
    return std::get<std::string>(body.finish().body);
  } catch (const ApiError& error) {
    check_refusal(error);
    return fmt::format("{} {}", error.status(), error.what());
  }
}

/// A line that is read means the same once it is written again.
void check_round_trip(std::string_view line) {
  try {
    const std::string again = to_ndjson(parse_commit_line(line));
    check(to_ndjson(parse_commit_line(again)) == again);
  } catch (const InvalidArgumentError&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const std::string whole =
      read(bytes, size, [](const CommitPlan& plan, git::ObjectIntake& intake) {
        std::for_each(plan.changes.begin(), plan.changes.end(), check_change);
        check_tree(plan, intake);
      });
  const auto nothing = [](const CommitPlan&, git::ObjectIntake&) {};
  check(read(bytes, 1, nothing) == whole);
  check(read(bytes, 7, nothing) == whole);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_round_trip(text.substr(0, text.find('\n')));
  check_round_trip(text.substr(text.rfind('\n') + 1));
  return 0;
}
