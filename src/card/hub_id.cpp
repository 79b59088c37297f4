#include "card/hub_id.h"

#include <algorithm>
#include <array>

namespace torchhub::card {
namespace {

constexpr std::size_t kLongestId = 193;  // two names of 96 and the slash
constexpr std::string_view kSeparators = "/\\";
constexpr std::string_view kScheme = "://";

/// The packaged builders of datasets 4.
constexpr std::array<std::string_view, 20> kLoaders = {
    "arrow",       "audiofolder", "cache", "csv",         "eval",       "generator", "hdf5",
    "imagefolder", "json",        "lance", "niftifolder", "pandas",     "parquet",   "pdffolder",
    "spark",       "sql",         "text",  "videofolder", "webdataset", "xml"};

/// Of files that people train on. Not every ending after a dot: `squad_v1.1` is an id.
constexpr std::array<std::string_view, 27> kFileEndings = {
    ".arrow", ".bin",         ".bz2",   ".ckpt", ".csv", ".feather", ".gguf",    ".gz",  ".h5",
    ".hdf5",  ".json",        ".jsonl", ".npy",  ".npz", ".onnx",    ".parquet", ".pkl", ".pt",
    ".pth",   ".safetensors", ".tar",   ".tsv",  ".txt", ".xml",     ".xz",      ".zip", ".zst"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool names_a_file(std::string_view text) {
  const std::string name = lower(text);
  return std::any_of(kFileEndings.begin(), kFileEndings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

/// `C:\data`, `C:/data`
bool has_drive(std::string_view text) {
  return text.size() > 2 && is_letter(text[0]) && text[1] == ':' &&
         has(kSeparators, text.substr(2, 1));
}

/// A name for readers may have slashes too: "English/German/French reviews", "SQuAD 1.1/2.0".
bool is_path(std::string_view text) {
  if (text.empty()) return false;
  if (has(text, "\\") || has(text, kScheme) || has_drive(text)) return true;
  if (text == "." || text == ".." || text == "~") return true;
  if (!has(text, "/")) return false;
  if (text.front() == '/' || text.front() == '.' || text.front() == '~') return true;
  const bool is_one_word = text.find_first_of(" \t") == std::string_view::npos;
  return names_a_file(text) || (is_one_word && std::count(text.begin(), text.end(), '/') > 1);
}

/// From the slash after the host on, without what a server is asked (which may hold a token).
std::string_view path_of_url(std::string_view url) {
  const std::string_view place = url.substr(url.find(kScheme) + kScheme.size());
  const std::string_view path = place.substr(0, place.find_first_of("?#"));
  return path.substr(std::min(path.find('/'), path.size()));
}

std::string_view last_component(std::string_view path) {
  const std::size_t end = path.find_last_not_of(kSeparators);
  if (end == std::string_view::npos) return {};
  path = path.substr(0, end + 1);
  const std::size_t begin = path.find_last_of(kSeparators);
  return begin == std::string_view::npos ? path : path.substr(begin + 1);
}

bool says_nothing(std::string_view component) {
  return component == "." || component == ".." || component.starts_with('~') ||
         component.ends_with(':');
}

}  // namespace

bool is_hub_id(std::string_view text) {
  const auto is_fine = [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || has("_-./", std::string_view(&c, 1));
  };
  if (text.empty() || text.size() > kLongestId || names_a_file(text) || has(text, ".."))
    return false;
  if (text.front() == '/' || text.back() == '/' || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(), is_fine) &&
         std::count(text.begin(), text.end(), '/') <= 1;
}

bool is_loader_name(std::string_view text) {
  const std::string name = lower(text);
  return std::find(kLoaders.begin(), kLoaders.end(), name) != kLoaders.end();
}

std::string shown_name(std::string_view text) {
  if (!is_path(text)) return std::string(text);
  const std::string_view name = last_component(has(text, kScheme) ? path_of_url(text) : text);
  return says_nothing(name) ? "" : std::string(name);
}

}  // namespace torchhub::card
