#pragma once

#include "torchhub/base/error.h"

#include <git2.h>

#include <memory>
#include <string>
#include <string_view>

namespace torchhub::server::git {

/// libgit2 said no.
class GitError : public Error {
 public:
  GitError(const std::string& message, int code) : Error(message), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

/// @throws DiskFullError if the disk is full, GitError for any other negative `code`
void check(int code, std::string_view doing);

/// Starts libgit2 once a process, deaf to the settings of the machine and its users.
void start_library();

template <auto Free>
struct Release {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using RepositoryHandle = std::unique_ptr<git_repository, Release<&git_repository_free>>;
using OdbHandle = std::unique_ptr<git_odb, Release<&git_odb_free>>;
using OdbObjectHandle = std::unique_ptr<git_odb_object, Release<&git_odb_object_free>>;
using ReferenceHandle = std::unique_ptr<git_reference, Release<&git_reference_free>>;
using ObjectHandle = std::unique_ptr<git_object, Release<&git_object_free>>;
using CommitHandle = std::unique_ptr<git_commit, Release<&git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, Release<&git_tree_free>>;
using TreeEntryHandle = std::unique_ptr<git_tree_entry, Release<&git_tree_entry_free>>;
using TreeBuilderHandle = std::unique_ptr<git_treebuilder, Release<&git_treebuilder_free>>;
using BlobHandle = std::unique_ptr<git_blob, Release<&git_blob_free>>;
using SignatureHandle = std::unique_ptr<git_signature, Release<&git_signature_free>>;
using WalkHandle = std::unique_ptr<git_revwalk, Release<&git_revwalk_free>>;
using ConfigHandle = std::unique_ptr<git_config, Release<&git_config_free>>;
using PackBuilderHandle = std::unique_ptr<git_packbuilder, Release<&git_packbuilder_free>>;
using ReferenceIteratorHandle =
    std::unique_ptr<git_reference_iterator, Release<&git_reference_iterator_free>>;

/// Calls `make(&raw, ...)` and takes what it made.
template <typename Handle, typename Make, typename... Arguments>
Handle made(std::string_view doing, Make make, Arguments... arguments) {
  typename Handle::pointer raw = nullptr;
  check(make(&raw, arguments...), doing);
  return Handle(raw);
}

std::string to_hex(const git_oid& oid);
/// @throws GitError for anything but 40 hex digits
git_oid parse_oid(std::string_view hex);

}  // namespace torchhub::server::git
