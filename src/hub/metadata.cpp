#include "hub/metadata.h"

#include <fmt/format.h>

#include <charconv>

namespace torchhub {
namespace {

std::string bare_etag(std::string etag) {
  if (etag.starts_with("W/")) etag.erase(0, 2);
  std::erase(etag, '"');
  return etag;
}

std::optional<std::uint64_t> number(const std::optional<std::string>& text) {
  std::uint64_t value = 0;
  if (!text || text->empty()) return std::nullopt;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

/// A redirect that says all about the file itself leads to its bytes, not to another answer.
bool says_all(const Response& response) {
  return response.headers.get("X-Repo-Commit") && response.headers.get("X-Linked-ETag") &&
         response.headers.get("X-Linked-Size");
}

}  // namespace

FileMetadata fetch_metadata(const HubApi& api, const Repo& repo, const std::string& path,
                            const std::string& revision, HubApi::Tries tries,
                            std::chrono::milliseconds timeout, std::stop_token stop) {
  const RequestContext context = api.context(
      fmt::format("looking up '{}' of '{}'", path, repo.id.str()), repo, revision, path);
  FileMetadata found;
  std::optional<std::uint64_t> size;
  found.url = api.resolve_url_of(repo, revision, path);
  constexpr int kMostRedirects = 5;
  for (int redirects = 0;; ++redirects) {
    const Response response = api.send({.method = "HEAD",
                                        .url = found.url,
                                        .headers = {{"Accept-Encoding", "identity"}},
                                        .stall_timeout = timeout},
                                       context, stop, tries);
    if (const auto commit = response.headers.get("X-Repo-Commit")) found.commit = *commit;
    raise_for_status(response, context);
    const bool redirect = is_redirect(response);
    if (const auto etag = response.headers.get("X-Linked-ETag")) {
      found.etag = bare_etag(*etag);
    } else if (const auto own = response.headers.get("ETag")) {
      found.etag = bare_etag(*own);
    }
    if (const auto linked = number(response.headers.get("X-Linked-Size"))) {
      size = linked;
    } else if (!redirect) {
      size = number(response.headers.get("Content-Length"));
    }
    const auto location = response.headers.get("Location");
    if (!redirect || !location) break;
    found.url = api.redirect_target(found.url, *location, context);
    if (!api.is_ours(found.url) || says_all(response) || redirects >= kMostRedirects) break;
  }
  if (!is_commit_hash(found.commit) || found.etag.empty() || !size) {
    throw BadAnswerError(fmt::format(
        "{} did not say {} of '{}' in '{}'. A proxy may have taken the header away, or HF_ENDPOINT "
        "is not a Hub.",
        api.endpoint(),
        found.etag.empty() ? "the ETag" : (size ? "the commit (X-Repo-Commit)" : "the size"), path,
        repo.id.str()));
  }
  found.size = *size;
  return found;
}

}  // namespace torchhub
