#include "server/lfs_schema.h"

#include <nlohmann/json.hpp>

namespace torchhub::testing {
namespace {

using nlohmann::json;
using Faults = std::vector<std::string>;

bool has_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  return type == "number" && value.is_number();
}

/// The keywords that those schemas use, under shorter names: `type`; `fields` (a rule for each),
/// `needed` and `closed` (no other field) of an object; `each` of an array; `least` of a number,
/// itself unsigned: beside a signed one, 2^63 counts as less.
void check(const json& value, const json& rule, const std::string& place, Faults& faults) {
  const std::string type = rule.at("type");
  if (!has_type(value, type)) return faults.push_back(place + " is not of type " + type);
  if (rule.contains("least") && value < rule.at("least")) faults.push_back(place + " is too small");
  if (rule.contains("each")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      check(value.at(i), rule.at("each"), place + "[" + std::to_string(i) + "]", faults);
    }
  }
  for (const json& name : rule.value("needed", json::array())) {
    if (!value.contains(name)) faults.push_back(place + " lacks " + name.get<std::string>());
  }
  if (!rule.contains("fields")) return;
  for (const auto& [name, field] : value.items()) {
    if (rule.at("fields").contains(name)) {
      check(field, rule.at("fields").at(name), place + "." + name, faults);
    } else if (rule.value("closed", false)) {
      faults.push_back(place + " has a field " + name);
    }
  }
}

Faults faults_by(const json& rule, const json& answer) {
  Faults faults;
  check(answer, rule, "answer", faults);
  return faults;
}

const json kText{{"type", "string"}};
const json kNumber{{"type", "number"}};

json list_of(const json& rule) { return {{"type", "array"}, {"each", rule}}; }

json lock_rule() {
  return {{"type", "object"},
          {"needed", {"id", "path", "locked_at"}},
          {"fields",
           {{"id", kText},
            {"path", kText},
            {"locked_at", kText},
            {"owner", {{"type", "object"}, {"fields", {{"name", kText}}}}}}}};
}

/// `expires_in` is in docs/api/batch.md, and in no schema yet.
json action_rule() {
  return {{"type", "object"},
          {"needed", {"href"}},
          {"closed", true},
          {"fields",
           {{"href", kText},
            {"header", {{"type", "object"}}},
            {"expires_in", kNumber},
            {"expires_at", kText}}}};
}

json batch_rule() {
  const json actions{
      {"type", "object"},
      {"closed", true},
      {"fields",
       {{"download", action_rule()}, {"upload", action_rule()}, {"verify", action_rule()}}}};
  const json error{{"type", "object"},
                   {"needed", {"code", "message"}},
                   {"closed", true},
                   {"fields", {{"code", kNumber}, {"message", kText}}}};
  const json object{{"type", "object"},
                    {"needed", {"oid", "size"}},
                    {"closed", true},
                    {"fields",
                     {{"oid", kText},
                      {"size", {{"type", "number"}, {"least", 0U}}},
                      {"authenticated", {{"type", "boolean"}}},
                      {"actions", actions},
                      {"error", error}}}};
  return {{"type", "object"},
          {"needed", {"objects"}},
          {"fields", {{"transfer", kText}, {"objects", list_of(object)}, {"message", kText}}}};
}

}  // namespace

Faults faults_of_batch_answer(const json& answer) { return faults_by(batch_rule(), answer); }

Faults faults_of_lock_answer(const json& answer) {
  return faults_by({{"type", "object"},
                    {"needed", {"lock"}},
                    {"fields", {{"lock", lock_rule()}, {"message", kText}}}},
                   answer);
}

Faults faults_of_lock_list(const json& answer) {
  return faults_by({{"type", "object"},
                    {"needed", {"locks"}},
                    {"fields", {{"locks", list_of(lock_rule())}, {"next_cursor", kText}}}},
                   answer);
}

Faults faults_of_lock_verification(const json& answer) {
  return faults_by({{"type", "object"},
                    {"needed", {"ours", "theirs"}},
                    {"fields",
                     {{"ours", list_of(lock_rule())},
                      {"theirs", list_of(lock_rule())},
                      {"next_cursor", kText}}}},
                   answer);
}

}  // namespace torchhub::testing
