#include "hub/commit_request.h"

#include "hub/json_fields.h"
#include "torchhub/http/url.h"
#include "torchhub/wire/commit_lines.h"

#include <fmt/format.h>

#include <charconv>

namespace torchhub {
namespace {

/// ".../discussions/3" → 3
std::optional<int> number_of_pull_request(std::string_view url) {
  int number = 0;
  const std::string_view digits = url.substr(url.rfind('/') + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

CommitRequest::CommitRequest(const HubApi& api, const Repo& repo, const CommitOptions& options)
    : api_(api), repo_(repo), options_(options) {}

void CommitRequest::add_line(std::string_view line) { lines_ += line; }

RequestContext CommitRequest::context() const {
  return api_.writing(fmt::format("committing to '{}'", repo_.id.str()), repo_, options_.revision);
}

CommitInfo CommitRequest::send(const std::optional<std::string>& parent,
                               std::stop_token stop) const {
  const std::string header = to_ndjson(CommitHeaderLine{.summary = options_.commit_message,
                                                        .description = options_.commit_description,
                                                        .parent_commit = parent});
  const RequestContext about = context();
  const Response response =
      api_.call({.method = "POST",
                 .url = api_.api_url(repo_, "/commit/" + percent_encode(options_.revision) +
                                                (options_.create_pr ? "?create_pr=1" : "")),
                 .headers = {{"Content-Type", "application/x-ndjson"}},
                 .body = header + lines_,
                 .stall_timeout = api_.options().commit_timeout,
                 .safe_to_repeat = false},
                about, stop);
  const nlohmann::json answer = api_.parse_json(response, about);
  CommitInfo info{.oid = text_field(answer, "commitOid"),
                  .commit_url = text_field(answer, "commitUrl"),
                  .commit_message = options_.commit_message,
                  .commit_description = options_.commit_description};
  if (!is_commit_hash(info.oid)) {
    throw BadAnswerError(
        fmt::format("{} did not name the commit it made in '{}'. Look at the "
                    "repository's history.",
                    api_.endpoint(), repo_.id.str()));
  }
  if (const std::string url = text_field(answer, "pullRequestUrl"); !url.empty()) {
    info.pr_url = url;
    info.pr_num = number_of_pull_request(url);
    if (info.pr_num) info.pr_revision = fmt::format("refs/pr/{}", *info.pr_num);
  }
  return info;
}

}  // namespace torchhub
