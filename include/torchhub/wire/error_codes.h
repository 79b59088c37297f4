#pragma once

#include <string_view>

/// The words of X-Error-Code that clients branch on, and the texts that they match.
namespace torchhub::error_codes {

inline constexpr std::string_view kRepoNotFound = "RepoNotFound";
inline constexpr std::string_view kRevisionNotFound = "RevisionNotFound";
inline constexpr std::string_view kEntryNotFound = "EntryNotFound";
inline constexpr std::string_view kGatedRepo = "GatedRepo";
inline constexpr std::string_view kNotImplemented = "NotImplemented";

/// Stops the Python client from reading a 401 as "repository not found".
inline constexpr std::string_view kBadCredentials = "Invalid credentials in Authorization header";
inline constexpr std::string_view kLoginNeeded = "Invalid username or password.";
inline constexpr std::string_view kRepositoryNotFound = "Repository not found";
inline constexpr std::string_view kDisabled = "Access to this resource is disabled.";

}  // namespace torchhub::error_codes
