#include "server/api/json_body.h"

#include "server/http/api_error.h"
#include "server/repos/json_object.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

constexpr std::size_t kMaxJsonBytes = std::size_t{4} << 20;

}  // namespace

nlohmann::json parse_json_object(std::string_view text) {
  auto value = find_json_object(text);
  if (!value) throw ApiError(400, "The body must be a JSON object of at most 64 levels.");
  return *std::move(value);
}

Answer read_json(std::function<HttpResponse(const nlohmann::json&)> answer) {
  return read_body(kMaxJsonBytes, [answer = std::move(answer)](const std::string& body) {
    return answer(parse_json_object(body));
  });
}

Answer read_optional_json(std::function<HttpResponse(const nlohmann::json&)> answer) {
  return read_body(kMaxJsonBytes, [answer = std::move(answer)](const std::string& body) {
    return answer(body.empty() ? nlohmann::json::object() : parse_json_object(body));
  });
}

std::optional<std::string> optional_text(const nlohmann::json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) throw ApiError(400, fmt::format("'{}' must be a text.", field));
  return found->get<std::string>();
}

std::string need_text(const nlohmann::json& object, const char* field) {
  auto text = optional_text(object, field);
  if (!text) throw ApiError(400, fmt::format("The field '{}' is missing.", field));
  return *std::move(text);
}

std::optional<bool> optional_flag(const nlohmann::json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_boolean()) throw ApiError(400, fmt::format("'{}' must be true or false.", field));
  return found->get<bool>();
}

}  // namespace torchhub::server
