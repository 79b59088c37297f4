#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace torchhub::cli {

/// A hub as git sees it.
struct GitRemote {
  std::string endpoint;  ///< "https://hub.example.org": the token goes to no other place.
  std::string url;       ///< Of the repository.
  std::optional<std::string> token = std::nullopt;
};

/// A bare repository between two hubs, by the git program. Tokens are in no argument and no
/// variable: git reads them from a file of mode 0600 that goes away with this.
class MirrorGit {
 public:
  /// Makes the repository if it is not there. @throws Error if git cannot do it
  MirrorGit(std::filesystem::path repository, std::filesystem::path secrets,
            const std::vector<GitRemote>& remotes);

  /// Takes branches and tags as the remote has them, and drops those that it has not.
  void fetch(const GitRemote& from) const;
  enum class Force { no, yes };
  enum class Prune { no, yes };
  /// @throws Error with what git says, which names the refs that would lose commits
  void push(const GitRemote& to, Force force, Prune prune) const;
  /// Branches and tags: name to id.
  std::map<std::string, std::string> refs_of(const GitRemote& remote) const;
  std::map<std::string, std::string> own_refs() const;

  const std::filesystem::path& path() const { return repository_; }

 private:
  /// @return its standard output
  std::string git(const std::vector<std::string>& arguments) const;

  std::filesystem::path repository_;
  std::filesystem::path secrets_;
};

}  // namespace torchhub::cli
