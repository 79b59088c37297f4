#pragma once

#include "torchhub/http/message.h"

#include <string>

namespace torchhub::testing {

/// Everything of an answer that could tell one case from another.
inline std::string visible(const Response& response) {
  std::string text = std::to_string(response.status) + "\n" + response.body;
  for (const auto& [name, value] : response.headers.fields()) {
    // RateLimit counts every request, whatever it asks for.
    if (name == "RateLimit" || name == "Date" || name == "X-Request-Id") continue;
    text += "\n" + name + ": " + value;
  }
  return text;
}

}  // namespace torchhub::testing
