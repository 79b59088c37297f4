#include "torchhub/wire/repo.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

constexpr std::size_t kMaxNameLength = 96;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_checkpoint_folder(std::string_view part) {
  constexpr std::string_view kPrefix = "checkpoint-";
  if (part == "last-checkpoint") return true;
  if (!part.starts_with(kPrefix) || part.size() == kPrefix.size()) return false;
  return std::all_of(part.begin() + kPrefix.size(), part.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view to_string(RepoType type) {
  switch (type) {
    case RepoType::model:
      return "model";
    case RepoType::dataset:
      return "dataset";
    case RepoType::space:
      return "space";
  }
  return "model";
}

std::string_view plural(RepoType type) {
  switch (type) {
    case RepoType::model:
      return "models";
    case RepoType::dataset:
      return "datasets";
    case RepoType::space:
      return "spaces";
  }
  return "models";
}

std::string_view url_prefix(RepoType type) {
  switch (type) {
    case RepoType::model:
      return "";
    case RepoType::dataset:
      return "datasets/";
    case RepoType::space:
      return "spaces/";
  }
  return "";
}

RepoType parse_repo_type(std::string_view word) {
  for (RepoType type : {RepoType::model, RepoType::dataset, RepoType::space}) {
    if (word == to_string(type) || word == plural(type)) return type;
  }
  throw InvalidArgumentError(
      fmt::format("'{}' is not a repository type. Use model, dataset or space.", word));
}

std::optional<std::string> problem_of_name(std::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.size() > kMaxNameLength) return "it is longer than 96 characters";
  if (!std::all_of(name.begin(), name.end(),
                   [](char c) { return is_word(c) || c == '-' || c == '.'; })) {
    return "only letters, digits, '-', '_' and '.' are allowed";
  }
  if (!is_word(name.front()) || !is_word(name.back())) {
    return "it must start and end with a letter, a digit or '_'";
  }
  if (name.find("--") != std::string_view::npos || name.find("..") != std::string_view::npos) {
    return "'--' and '..' are not allowed";
  }
  if (name.ends_with(".git")) return "it must not end in '.git'";
  return std::nullopt;
}

RepoId RepoId::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  RepoId id;
  id.name = text.substr(slash == std::string_view::npos ? 0 : slash + 1);
  if (slash != std::string_view::npos) id.owner = text.substr(0, slash);
  std::optional<std::string> problem = problem_of_name(id.name);
  if (id.name.find('/') != std::string::npos) problem = "it has more than one '/'";
  if (!problem && slash != std::string_view::npos) problem = problem_of_name(id.owner);
  if (problem) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is not a repository id: {}. Write 'name' or 'owner/name'.", text, *problem));
  }
  return id;
}

std::string Repo::web_path() const { return std::string(url_prefix(type)) + id.str(); }

std::string Repo::cache_folder() const {
  std::string folder = std::string(plural(type)) + "--";
  if (!id.owner.empty()) folder += id.owner + "--";
  return folder + id.name;
}

bool is_commit_hash(std::string_view revision) {
  return revision.size() == 40 && std::all_of(revision.begin(), revision.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

HubReference HubReference::parse(std::string_view text) {
  HubReference reference;
  std::string_view rest = text;
  if (const std::size_t slash = rest.rfind('/');
      slash != std::string_view::npos && is_checkpoint_folder(rest.substr(slash + 1))) {
    // "owner/checkpoint-5" would be a repository's name; a subfolder needs a repository before it.
    const std::string_view before = rest.substr(0, slash);
    if (before.find('@') != std::string_view::npos || before.find('/') != std::string_view::npos) {
      reference.subfolder = rest.substr(slash + 1);
      rest = before;
    }
  }
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    reference.revision = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (reference.revision->empty()) {
      throw InvalidArgumentError(fmt::format(
          "'{}' has nothing after '@'. Write a branch, a tag or a commit hash there.", text));
    }
  }
  reference.repo = RepoId::parse(rest);
  return reference;
}

}  // namespace torchhub
