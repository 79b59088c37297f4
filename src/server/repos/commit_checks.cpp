#include "server/repos/commit_checks.h"

#include "server/http/api_error.h"
#include "server/repos/card_checks.h"
#include "torchhub/wire/commit_lines.h"

#include <fmt/format.h>

namespace torchhub::server {

void need_good_path(const std::string& path) {
  if (const auto problem = problem_of_repo_path(path)) {
    throw ApiError(422, fmt::format("The path '{}' cannot be: {}.", path, *problem));
  }
}

void need_good_file(const ServerOptions& options, const std::string& path,
                    const std::string& content) {
  if (content.size() > options.max_regular_bytes) {
    throw ApiError(
        400, fmt::format("'{}' has {} bytes; files kept in git may have {}. Send it by LFS.", path,
                         content.size(), options.max_regular_bytes));
  }
  if (path != "README.md") return;
  if (const auto problem = problem_of_card(content)) {
    throw ApiError(400, "Invalid metadata in README.md: " + *problem);
  }
}

void refuse_pointer(const std::string& path, const LfsPointer& pointer) {
  throw ApiError(400, fmt::format("Your push was rejected because an LFS pointer pointed to a file "
                                  "that does not exist: {} ({})",
                                  path, pointer.oid));
}

}  // namespace torchhub::server
