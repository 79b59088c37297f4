#pragma once

#include "server/discussions/discussion.h"
#include "server/repos/repo_store.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

/// Discussions on the wire, as huggingface_hub's community.py reads them.
namespace torchhub::server {

/// What lists show of a discussion.
nlohmann::json describe(const Discussion& discussion, const RepoRow& repo);
nlohmann::json describe(const DiscussionEvent& event);

/// 3 to 200 characters in one line, without the blanks around them.
/// @throws ApiError 400 naming the field
std::string need_title(const nlohmann::json& body);
/// Some text of at most 64 KiB. @throws ApiError 400 naming the field
std::string need_comment(const nlohmann::json& body, const char* field);
/// Empty if the field is missing or blank. @throws ApiError 400 naming the field
std::string optional_comment(const nlohmann::json& body, const char* field);
/// @throws ApiError 400 naming the field
void need_comment_size(const std::string& text, const char* field);
/// What becomes the title of a pull request that a commit makes.
std::string title_from(std::string summary);

}  // namespace torchhub::server
