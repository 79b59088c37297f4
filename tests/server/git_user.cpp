#include "server/git_user.h"

#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <utility>

namespace torchhub::testing {
namespace {

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

GitUser::GitUser(std::string base_url, std::string token)
    : base_url_(std::move(base_url)), token_(std::move(token)) {}

std::vector<std::string> GitUser::environment() const {
  return {"HOME=" + folder_.path().string(),
          "GIT_CONFIG_NOSYSTEM=1",
          "GIT_TERMINAL_PROMPT=0",
          "GIT_ASKPASS=/bin/false",
          "GIT_AUTHOR_NAME=Ana",
          "GIT_AUTHOR_EMAIL=ana@example.org",
          "GIT_COMMITTER_NAME=Ana",
          "GIT_COMMITTER_EMAIL=ana@example.org",
          "no_proxy=*"};
}

Finished GitUser::git(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"git", "-C", folder_.path().string()});
  return run(std::move(arguments), environment());
}

Finished GitUser::in(const std::string& clone, std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"git", "-C", place(clone).string()});
  return run(std::move(arguments), environment());
}

bool GitUser::install_lfs() const {
  if (git({"lfs", "version"}).exit_code != 0) return false;
  // Not into the checkout in which the tests run: its hooks are the developer's.
  EXPECT_EQ(git({"lfs", "install", "--skip-repo"}).exit_code, 0);
  return true;
}

std::string GitUser::shell(const std::string& clone, const std::string& line) const {
  const Finished done =
      run({"sh", "-c", "cd '" + place(clone).string() + "' && " + line}, environment());
  EXPECT_EQ(done.exit_code, 0) << line << "\n" << done.errors;
  return without_line_end(done.output);
}

std::string GitUser::url(const std::string& repo) const {
  const std::string login = token_.empty() ? "" : "any:" + token_ + "@";
  return "http://" + login + base_url_.substr(7) + "/" + repo;
}

void GitUser::clone(const std::string& repo, const std::string& clone,
                    std::vector<std::string> more) const {
  more.insert(more.begin(), {"clone", "-q"});
  more.insert(more.end(), {url(repo), clone});
  const Finished done = git(std::move(more));
  ASSERT_EQ(done.exit_code, 0) << done.errors;
}

std::string GitUser::commit(const std::string& clone, const std::string& path,
                            const std::string& content) const {
  write_file_atomically(place(clone) / path, content);
  EXPECT_EQ(in(clone, {"add", "-f", path}).exit_code, 0);
  const Finished done = in(clone, {"commit", "-q", "-m", "a change"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  return without_line_end(in(clone, {"rev-parse", "HEAD"}).output);
}

std::string GitUser::commit_tree(const std::string& clone, const std::string& lines) const {
  return shell(clone, "tree=$(printf '" + lines +
                          "' | git mktree --missing) && git commit-tree -p HEAD -m crafted $tree");
}

}  // namespace torchhub::testing
