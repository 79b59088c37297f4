#include "server/repos/json_object.h"

namespace torchhub::server {

std::optional<nlohmann::json> find_json_object(std::string_view text) {
  constexpr int kMaxDepth = 64;
  bool too_deep = false;
  const auto watch_depth = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  nlohmann::json value = nlohmann::json::parse(text, watch_depth, false);
  if (too_deep || !value.is_object()) return std::nullopt;
  return value;
}

}  // namespace torchhub::server
