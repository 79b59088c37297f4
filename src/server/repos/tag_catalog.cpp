#include "server/repos/tag_catalog.h"

#include <set>
#include <string_view>
#include <utility>

namespace torchhub::server {
namespace {

constexpr std::pair<std::string_view, std::string_view> kPrefixes[] = {
    {"license:", "license"}, {"dataset:", "dataset"}, {"base_model:", "base_model"}};

std::set<std::string> column_values(Connection& connection, const std::string& column,
                                    RepoType type) {
  Statement row = connection.prepare(
      "SELECT DISTINCT " + column +
      " FROM repo WHERE type = ? AND state = 'ready' AND private = 0 AND " + column + " != ''");
  row.bind(to_string(type));
  std::set<std::string> out;
  while (row.step()) out.insert(row.text(0));
  return out;
}

}  // namespace

std::vector<CatalogTag> tag_catalog(Database& database, RepoType type) {
  auto connection = database.lease();
  const auto tasks = column_values(*connection, "pipeline_tag", type);
  const auto libraries = column_values(*connection, "library", type);
  const auto group_of = [&](const std::string& tag) -> std::string {
    for (const auto& [prefix, group] : kPrefixes) {
      if (tag.starts_with(prefix)) return std::string(group);
    }
    if (tasks.contains(tag)) return "pipeline_tag";
    return libraries.contains(tag) ? "library" : "other";
  };
  Statement row = connection->prepare(
      "SELECT DISTINCT repo_tag.tag FROM repo_tag JOIN repo ON repo.id = repo_tag.repo "
      "WHERE repo.type = ? AND repo.state = 'ready' AND repo.private = 0 ORDER BY repo_tag.tag");
  row.bind(to_string(type));
  std::vector<CatalogTag> out;
  while (row.step()) {
    const std::string tag = row.text(0);
    out.push_back({tag, group_of(tag)});
  }
  return out;
}

}  // namespace torchhub::server
