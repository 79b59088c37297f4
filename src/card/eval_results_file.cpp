#include "torchhub/card/eval_results_file.h"

#include "card/yaml_source.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

[[noreturn]] void fail(std::size_t number, const std::string& what) {
  throw ModelCardError(fmt::format(
      "Entry {} of an evaluation results file cannot be taken: {}. Each needs dataset.id, "
      "dataset.task_id and value.",
      number, what));
}

void put(ordered_json& map, const char* key, const std::optional<std::string>& text) {
  if (text) map[key] = *text;
}

void check(const EvalFileEntry& entry, std::size_t number) {
  if (entry.dataset_id.empty()) fail(number, "dataset.id is empty");
  if (entry.dataset_task_id.empty()) fail(number, "dataset.task_id is empty");
  if (entry.value.is_null()) fail(number, "it has no value");
  const bool named = entry.source_name || entry.source_user || entry.source_org;
  if (named && !entry.source_url) fail(number, "its source has no url");
}

/// Texts of a map, by key; a number or a date is as good as its text.
class Texts {
 public:
  Texts(const ordered_json& map, std::size_t number) : map_(map), number_(number) {}

  std::optional<std::string> at(const char* key) const {
    if (!map_.is_object()) fail(number_, "a map was expected");
    const auto found = map_.find(key);
    if (found == map_.end() || found->is_null()) return std::nullopt;
    if (found->is_structured()) fail(number_, fmt::format("'{}' is no text", key));
    return found->is_string() ? found->get<std::string>() : found->dump();
  }

 private:
  const ordered_json& map_;
  std::size_t number_;
};

EvalFileEntry entry_of(const ordered_json& json, std::size_t number) {
  const Texts texts(json, number);
  EvalFileEntry out;
  out.verify_token = texts.at("verifyToken");
  out.date = texts.at("date");
  out.notes = texts.at("notes");
  if (const auto dataset = json.find("dataset"); dataset != json.end()) {
    const Texts parts(*dataset, number);
    out.dataset_id = parts.at("id").value_or("");
    out.dataset_task_id = parts.at("task_id").value_or("");
    out.dataset_revision = parts.at("revision");
  }
  if (const auto value = json.find("value"); value != json.end()) out.value = *value;
  if (const auto source = json.find("source"); source != json.end() && !source->is_null()) {
    const Texts parts(*source, number);
    out.source_url = parts.at("url");
    out.source_name = parts.at("name");
    out.source_user = parts.at("user");
    out.source_org = parts.at("org");
  }
  check(out, number);
  return out;
}

ordered_json json_of(const EvalFileEntry& entry) {
  ordered_json out = {{"dataset", {{"id", entry.dataset_id}, {"task_id", entry.dataset_task_id}}},
                      {"value", entry.value}};
  put(out["dataset"], "revision", entry.dataset_revision);
  put(out, "verifyToken", entry.verify_token);
  put(out, "date", entry.date);
  if (entry.source_url) {
    ordered_json& source = out["source"];
    put(source, "url", entry.source_url);
    put(source, "name", entry.source_name);
    put(source, "user", entry.source_user);
    put(source, "org", entry.source_org);
  }
  put(out, "notes", entry.notes);
  return out;
}

}  // namespace

std::vector<EvalFileEntry> parse_eval_results_file(std::string_view yaml) {
  const ordered_json list = card::read_yaml(yaml);
  if (list.is_null()) return {};
  if (!list.is_array()) {
    throw ModelCardError("An evaluation results file is a list. Begin each entry with a dash.");
  }
  std::vector<EvalFileEntry> out;
  for (const ordered_json& entry : list) out.push_back(entry_of(entry, out.size() + 1));
  return out;
}

std::string write_eval_results_file(const std::vector<EvalFileEntry>& entries) {
  std::string out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    check(entries[i], i + 1);
    // The entry as the value of a key, without that key: a list of one begins with a dash.
    constexpr std::string_view kKey = "entry:\n";
    const ordered_json list = ordered_json::array({json_of(entries[i])});
    out += write_front_matter(ordered_json::object({{"entry", list}})).substr(kKey.size());
  }
  return out;
}

}  // namespace torchhub
