#pragma once

#include "server/hub_client.h"

#include <optional>
#include <string>

namespace torchhub::testing {

/// What a page of /metrics says of one line, named with its labels: `torchhub_uploads`,
/// `torchhub_changes_total{kind="push"}`. Nothing if there is no such line.
inline std::optional<double> metric_in(const std::string& page, const std::string& line) {
  const std::string mark = "\n" + line + " ";
  const std::size_t at = page.find(mark);
  if (at == std::string::npos) return std::nullopt;
  return std::stod(page.substr(at + mark.size()));
}

/// A site admin who asks a hub for its metrics.
class MetricsReader {
 public:
  explicit MetricsReader(LocalHub& hub) : client_(hub.base_url(), token_of_root(hub)) {}

  std::optional<double> operator()(const std::string& line) const {
    return metric_in(client_.get("/metrics").body, line);
  }

 private:
  static std::string token_of_root(LocalHub& hub) {
    hub.admin().create_site_admin("root");
    return hub.admin().create_token("root", TokenRole::read);
  }

  HubClient client_;
};

}  // namespace torchhub::testing
