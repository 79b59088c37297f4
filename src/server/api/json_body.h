#pragma once

#include "server/http/response.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub::server {

/// Takes a JSON object as the body (4 MiB, 64 levels), then calls `answer`. @throws ApiError 400,
/// 413
Answer read_json(std::function<HttpResponse(const nlohmann::json&)> answer);

/// The same, or nothing at all (an empty object then): some clients send no body where every field
/// is optional.
Answer read_optional_json(std::function<HttpResponse(const nlohmann::json&)> answer);

/// @throws ApiError 400
nlohmann::json parse_json_object(std::string_view text);

/// @throws ApiError 400 naming the field if it is missing or no text
std::string need_text(const nlohmann::json& object, const char* field);
/// Nothing if the field is missing or null. @throws ApiError 400 if it is something else than text
std::optional<std::string> optional_text(const nlohmann::json& object, const char* field);
/// @throws ApiError 400 if it is something else than true, false, null or missing
std::optional<bool> optional_flag(const nlohmann::json& object, const char* field);

}  // namespace torchhub::server
