#include "server/repos/repo_label.h"

#include "server/store/repo_guard.h"
#include "server/store/rows.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace torchhub::server {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr int kFormat = 1;

std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json value_in(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() ? *found : json();
}

}  // namespace

fs::path label_of(const fs::path& repository) { return repository / "torchhub.json"; }

json make_label(Connection& connection, const std::string& id) {
  const json row = row_as_json(connection, "repo", id);
  json label{{"format", kFormat}, {"repo", row}};
  for (const char* role : {"owner", "creator"}) {
    label[role] = row_as_json(connection, "account", text_in(row, role));
  }
  return label;
}

json make_whole_label(Connection& connection, const std::string& id) {
  json label = make_label(connection, id);
  label["rows"] = rows_of_repo(connection, id);
  return label;
}

std::optional<json> read_label(const fs::path& repository) {
  try {
    json label = json::parse(read_file(label_of(repository)), nullptr, false);
    const bool whole = label.is_object() && label.value("format", 0) == kFormat &&
                       value_in(label, "repo").is_object() && value_in(label, "owner").is_object();
    if (whole) return label;
  } catch (const std::exception&) {
    // Missing, unreadable, or with a "format" that is no number: as good as none.
  }
  return std::nullopt;
}

void refresh_label(Database& database, const DataFolder& folder, const std::string& id) {
  const fs::path repository = folder.repository(id);
  try {
    const auto guard = RepoGuard::shared(repository);
    if (!guard) return;  // deleted meanwhile, and labelled for the trash
    auto connection = database.lease();
    write_file_atomically(label_of(repository), make_label(*connection, id).dump(1) + "\n");
  } catch (const Error& error) {
    log::warning("label_not_written", {{"repository", id}, {"error", error.what()}});
  }
}

std::optional<Repo> repo_in_label(const json& label) {
  const json row = value_in(label, "repo");
  const std::string owner = text_in(value_in(label, "owner"), "name");
  const std::string name = text_in(row, "name");
  try {
    return Repo{RepoId::parse(owner + "/" + name), parse_repo_type(text_in(row, "type"))};
  } catch (const InvalidArgumentError&) {
    return std::nullopt;
  }
}

std::string name_in_label(const json& label, const std::string& id) {
  const auto repo = repo_in_label(label);
  if (!repo) return id;
  return fmt::format("{} {}", to_string(repo->type), repo->id.str());
}

bool labels_agree(const json& a, const json& b) {
  // Not the times and counters, which change all day.
  constexpr std::array<std::string_view, 10> kOfRow = {
      "id",    "type",     "owner",   "name",    "private",
      "gated", "disabled", "creator", "created", "forced_pushes"};
  const json row_a = value_in(a, "repo");
  const json row_b = value_in(b, "repo");
  const bool rows = std::all_of(kOfRow.begin(), kOfRow.end(), [&](std::string_view key) {
    return value_in(row_a, key) == value_in(row_b, key);
  });
  return rows && text_in(value_in(a, "owner"), "name") == text_in(value_in(b, "owner"), "name");
}

}  // namespace torchhub::server
