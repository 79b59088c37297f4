#include "server/http/content_type.h"

#include <array>
#include <utility>

namespace torchhub::server {

std::string content_type_of(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kTypes = {{
      {".json", "application/json; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/plain; charset=utf-8"},
      {".yaml", "text/plain; charset=utf-8"},
      {".yml", "text/plain; charset=utf-8"},
      {".py", "text/plain; charset=utf-8"},
      {".csv", "text/plain; charset=utf-8"},
      {".html", "text/plain; charset=utf-8"},
      {".htm", "text/plain; charset=utf-8"},
      {".svg", "text/plain; charset=utf-8"},
      {".xml", "text/plain; charset=utf-8"},
      {".gitattributes", "text/plain; charset=utf-8"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".gif", "image/gif"},
      {".webp", "image/webp"},
      {".mp3", "audio/mpeg"},
      {".wav", "audio/wav"},
      {".mp4", "video/mp4"},
  }};
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return std::string(type);
  }
  return "application/octet-stream";
}

}  // namespace torchhub::server
