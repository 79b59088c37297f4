#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace torchhub {
namespace {

std::string listed(std::string_view what_is_wrong, const std::vector<std::string>& problems) {
  std::string text = fmt::format("{}:", what_is_wrong);
  for (const std::string& problem : problems) text += fmt::format("\n  - {}", problem);
  return text;
}

std::string_view advice(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return " Free some space or choose another folder; nothing half-written was kept.";
    case EDQUOT:
      return " Your disk quota is used up; nothing half-written was kept.";
    case EACCES:
    case EPERM:
      return " Check the permissions of the file and its folder.";
    case EROFS:
      return " The file system is read-only; choose another folder.";
    default:
      return "";
  }
}

}  // namespace

InvalidArgumentError::InvalidArgumentError(const std::string& problem)
    : Error(problem), problems_{problem} {}

InvalidArgumentError::InvalidArgumentError(std::string_view what_is_wrong,
                                           std::vector<std::string> problems)
    : Error(listed(what_is_wrong, problems)), problems_(std::move(problems)) {}

FileError::FileError(std::string_view doing, std::filesystem::path path, int error_number)
    : Error(fmt::format("Cannot {} '{}': {}.{}", doing, path.string(),
                        std::generic_category().message(error_number), advice(error_number))),
      path_(std::move(path)),
      error_number_(error_number) {}

FileError::FileError(const std::string& message, std::filesystem::path path)
    : Error(message), path_(std::move(path)) {}

void throw_file_error(std::string_view doing, const std::filesystem::path& path, int error_number) {
  if (error_number == ENOSPC || error_number == EDQUOT) {
    throw DiskFullError(doing, path, error_number);
  }
  throw FileError(doing, path, error_number);
}

}  // namespace torchhub
