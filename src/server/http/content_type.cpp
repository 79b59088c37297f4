#include "server/http/content_type.h"

#include <algorithm>
#include <array>
#include <utility>

namespace torchhub::server {

namespace {

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json; charset=utf-8";

constexpr std::array<std::pair<std::string_view, const char*>, 40> kTypes = {{
    {".json", kJson},
    {".ipynb", kJson},
    {".txt", kText},
    {".md", kText},
    {".yaml", kText},
    {".yml", kText},
    {".toml", kText},
    {".cfg", kText},
    {".ini", kText},
    {".log", kText},
    {".jsonl", kText},
    {".py", kText},
    {".cpp", kText},
    {".h", kText},
    {".js", kText},
    {".css", kText},
    {".sh", kText},
    {".csv", kText},
    {".tsv", kText},
    {".html", kText},
    {".htm", kText},
    {".xhtml", kText},
    {".svg", kText},
    {".xml", kText},
    {".gitattributes", kText},
    {".gitignore", kText},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".bmp", "image/bmp"},
    {".mp3", "audio/mpeg"},
    {".wav", "audio/wav"},
    {".flac", "audio/flac"},
    {".ogg", "audio/ogg"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
    {".m4a", "audio/mp4"},
    {".opus", "audio/ogg"},
}};

}  // namespace

std::string content_type_of(std::string_view path) {
  std::string lower(path.substr(path.rfind('.') == path.npos ? path.size() : path.rfind('.')));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const auto& [ending, type] : kTypes) {
    if (lower == ending) return type;
  }
  return "application/octet-stream";
}

}  // namespace torchhub::server
