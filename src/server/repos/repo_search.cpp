#include "server/repos/repo_search.h"

#include "server/repos/repo_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <variant>

namespace torchhub::server {
namespace {

constexpr const char* kFullName = "account.name_fold || '/' || repo.name_fold";

const char* column_of(RepoOrder order) {
  switch (order) {
    case RepoOrder::created:
      return "repo.created";
    case RepoOrder::downloads:
      return "repo.downloads";
    case RepoOrder::likes:
      return "repo.likes";
    case RepoOrder::parameters:
      return "repo.parameters";
    case RepoOrder::id:
      return kFullName;
    case RepoOrder::last_modified:
      break;
  }
  return "repo.modified";
}

std::int64_t number_of(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// A word, or one of a list of words, under a key of the card. No card is an empty text.
std::string card_names(std::string_view key, std::string_view condition) {
  return fmt::format(
      "EXISTS (SELECT 1 FROM repo_card, json_each(CASE WHEN json_valid(repo_card.card) THEN "
      "repo_card.card ELSE 'null' END, '$.{}') WHERE repo_card.repo = repo.id AND {})",
      key, condition);
}

/// Conditions with the values that they bind. The state stands as a word, since only then SQLite
/// sees that the indexes of ready repositories serve.
class Conditions {
 public:
  using Value = std::variant<std::string, std::int64_t>;

  explicit Conditions(const RepoQuery& query) {
    add("repo.type = ?", std::string(to_string(query.type)));
    if (!query.sees_all) need_visible(query.viewer);
    if (!query.author.empty()) {
      add("repo.owner = (SELECT id FROM account WHERE name_fold = ?)", folded(query.author));
    }
    for (const std::string& word : query.search) {
      add(fmt::format("instr({}, ?) > 0", kFullName), folded(word));
    }
    for (const std::string& tag : query.tags) {
      add("repo.id IN (SELECT repo FROM repo_tag WHERE tag = ?)", tag);
    }
    if (query.gated) text_ += *query.gated ? " AND repo.gated != ''" : " AND repo.gated = ''";
    if (!query.pipeline_tag.empty()) add("repo.pipeline_tag = ?", query.pipeline_tag);
    if (!query.library.empty()) add("repo.library = ?", query.library);
    if (query.parameters) {
      add("repo.parameters >= ?", std::max<std::int64_t>(query.parameters->min, 0));
      add("repo.parameters <= ?", query.parameters->max);
    }
    for (const std::string& id : query.card_models) add(card_names("models", "value = ?"), id);
    for (const std::string& id : query.card_datasets) add(card_names("datasets", "value = ?"), id);
    if (query.linked) {
      text_ += fmt::format(" AND ({} OR {})", card_names("models", "value != ''"),
                           card_names("datasets", "value != ''"));
    }
    if (query.after) start_behind(*query.after, query);
  }

  const std::string& text() const { return text_; }
  const std::vector<Value>& values() const { return values_; }

 private:
  void add(std::string_view condition, Value value) {
    text_ += " AND ";
    text_ += condition;
    values_.push_back(std::move(value));
  }

  void need_visible(const std::string& viewer) {
    if (viewer.empty()) {
      text_ += " AND repo.private = 0";
      return;
    }
    add("(repo.private = 0 OR repo.owner = ? OR repo.owner IN (SELECT org FROM member WHERE user = "
        "?))",
        viewer);
    values_.emplace_back(viewer);
  }

  void start_behind(const SearchPlace& place, const RepoQuery& query) {
    const Value key = query.order == RepoOrder::id ? Value(place.key) : Value(number_of(place.key));
    add(fmt::format("({}, repo.id) {} (?, ?)", column_of(query.order), query.ascending ? ">" : "<"),
        key);
    values_.emplace_back(place.id);
  }

  std::string text_ = " repo.state = 'ready'";
  std::vector<Value> values_ = {};
};

std::string sql_for(const RepoQuery& query, const Conditions& conditions) {
  const char* direction = query.ascending ? "ASC" : "DESC";
  // CROSS JOIN: SQLite must not begin with the accounts, or it would sort all that it finds.
  return fmt::format(
      "SELECT {}, repo.pipeline_tag, repo.library, repo.description, repo.used_bytes, repo.tags{} "
      "FROM repo CROSS JOIN account ON account.id = repo.owner{} WHERE{} "
      "ORDER BY {} {}, repo.id {} LIMIT ?",
      kRepoColumns, query.with_card ? ", repo_card.card, repo_card.config" : "",
      query.with_card ? " LEFT JOIN repo_card ON repo_card.repo = repo.id" : "", conditions.text(),
      column_of(query.order), direction, direction);
}

FoundRepo read_found(const Statement& row, bool with_card) {
  const int next = kRepoColumnCount;
  FoundRepo found{read_repo(row),     row.text(next),       row.text(next + 1),
                  row.text(next + 2), row.number(next + 3), row.text(next + 4)};
  if (with_card) {
    found.card = row.text(next + 5);
    found.config = row.text(next + 6);
  }
  return found;
}

}  // namespace

std::vector<FoundRepo> search_repos(Database& database, const RepoQuery& query) {
  const Conditions conditions(query);
  auto connection = database.lease();
  Statement rows = connection->prepare(sql_for(query, conditions));
  for (const Conditions::Value& value : conditions.values()) {
    std::visit([&](const auto& v) { rows.bind(v); }, value);
  }
  rows.bind(static_cast<std::int64_t>(query.limit));
  std::vector<FoundRepo> out;
  while (rows.step()) out.push_back(read_found(rows, query.with_card));
  return out;
}

SearchPlace place_of(const FoundRepo& found, RepoOrder order) {
  const RepoRow& repo = found.repo;
  switch (order) {
    case RepoOrder::created:
      return {std::to_string(to_milliseconds(repo.created)), repo.id};
    case RepoOrder::downloads:
      return {std::to_string(repo.downloads), repo.id};
    case RepoOrder::likes:
      return {std::to_string(repo.likes), repo.id};
    case RepoOrder::parameters:
      return {std::to_string(repo.parameters), repo.id};
    case RepoOrder::id:
      return {folded(repo.full_name()), repo.id};
    case RepoOrder::last_modified:
      break;
  }
  return {std::to_string(to_milliseconds(repo.modified)), repo.id};
}

}  // namespace torchhub::server
