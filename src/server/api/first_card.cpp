#include "server/api/first_card.h"

#include "server/api/json_body.h"
#include "server/http/api_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::string_view kLicenseLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+";

constexpr std::array<std::string_view, 4> kSdks = {"gradio", "docker", "static", "streamlit"};

std::string need_sdk(const json& body) {
  const auto sdk = optional_text(body, "sdk");
  if (!sdk || std::find(kSdks.begin(), kSdks.end(), *sdk) == kSdks.end()) {
    throw ApiError(400, "A space needs 'sdk': gradio, docker, static or streamlit.");
  }
  return *sdk;
}

}  // namespace

std::string first_card(const json& body, const Repo& repo) {
  std::string lines;
  if (repo.type == RepoType::space) {
    // In quotes, for a name may read as a number.
    lines += fmt::format("title: \"{}\"\nsdk: {}\n", repo.id.name, need_sdk(body));
  }
  if (const auto license = optional_text(body, "license")) {
    if (license->find_first_not_of(kLicenseLetters) != std::string::npos) {
      throw ApiError(400, "'license' must be a licence's id, such as apache-2.0.");
    }
    lines += fmt::format("license: {}\n", *license);
  }
  return lines.empty() ? lines : fmt::format("---\n{}---\n", lines);
}

}  // namespace torchhub::server
