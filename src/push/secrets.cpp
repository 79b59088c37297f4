#include "torchhub/push/secrets.h"

#include "push/known_secrets.h"
#include "torchhub/base/cancel.h"
#include "torchhub/base/mapped_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShortestToken = 30;    // characters after the prefix; the Hub's have 34
constexpr std::size_t kDifferentLetters = 8;  // fewer: a placeholder such as hf_xxxxxxxx
constexpr std::size_t kTextProbe = 8192;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::size_t find(std::string_view text, std::string_view wanted, std::size_t from = 0) {
  // glibc's memmem is many times faster than string_view::find on gigabytes.
  if (from >= text.size()) return std::string_view::npos;
  const void* at = ::memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  if (at == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

bool is_token_at(std::string_view text, std::size_t begin, std::size_t prefix) {
  if (begin > 0 && (is_word(text[begin - 1]) || text[begin - 1] == '_')) return false;
  std::set<char> letters;
  std::size_t end = begin + prefix;
  for (; end < text.size() && is_word(text[end]); ++end) letters.insert(text[end]);
  return end - begin - prefix >= kShortestToken && letters.size() >= kDifferentLetters;
}

std::size_t find_token_shape(std::string_view text) {
  std::size_t first = std::string_view::npos;
  for (const std::string_view prefix : {"hf_", "api_org_"}) {
    std::size_t at = find(text, prefix);
    while (at != std::string_view::npos && !is_token_at(text, at, prefix.size())) {
      at = find(text, prefix, at + 1);
    }
    first = std::min(first, at);
  }
  return first;
}

/// @throws SecretFoundError
void require_none(std::string_view bytes, const std::string& path,
                  const std::vector<KnownSecret>& known) {
  for (const KnownSecret& secret : known) {
    const std::size_t at = find(bytes, secret.value);
    if (at != std::string_view::npos) throw SecretFoundError(path, at, secret.variable);
  }
  if (bytes.substr(0, kTextProbe).find('\0') != std::string_view::npos) return;  // no text
  const std::size_t at = find_token_shape(bytes);
  if (at != std::string_view::npos) throw SecretFoundError(path, at);
}

/// Device and number of the file: hard links are one file.
std::pair<dev_t, ino_t> identity(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) throw_file_error("read", file, errno);
  return {status.st_dev, status.st_ino};
}

}  // namespace

SecretFoundError::SecretFoundError(std::string path, std::uint64_t offset, std::string variable)
    : Error(fmt::format("'{}' holds a token at byte {}{}; nothing was pushed. Take the token out "
                        "of the file, and if it ever left this machine, revoke it where it was "
                        "made.",
                        path, offset,
                        variable.empty() ? "" : fmt::format(" (the value of {})", variable))),
      path_(std::move(path)),
      offset_(offset),
      variable_(std::move(variable)) {}

void require_no_secrets(const fs::path& folder, const std::optional<std::string>& token,
                        const std::stop_token& stop) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    paths.push_back(entry.path().lexically_relative(folder).generic_string());
  }
  require_no_secrets(folder, paths, token, stop);
}

void require_no_secrets(const fs::path& folder, const std::vector<std::string>& paths,
                        const std::optional<std::string>& token, const std::stop_token& stop) {
  std::map<std::string, fs::path> files;
  for (const std::string& path : paths) files[path] = folder / path;
  require_no_secrets(files, token, stop);
}

void require_no_secrets(const std::map<std::string, fs::path>& files,
                        const std::optional<std::string>& token, const std::stop_token& stop) {
  const std::vector<KnownSecret> known = known_secrets(token);
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const auto& [path, place] : files) {
    throw_if_cancelled(stop, "looking for secrets in what is pushed");
    if (!seen.insert(identity(place)).second || fs::file_size(place) == 0) continue;
    const auto file = MappedFile::open(place);
    const auto bytes = std::as_const(*file).bytes();
    require_none({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path, known);
  }
}

}  // namespace torchhub
