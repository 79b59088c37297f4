#include "cli/admin_commands.h"
#include "torchhub/base/timestamp.h"
#include "torchhub/server/admin.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::cli {
namespace {

using nlohmann::json;
using OptionalTime = std::optional<TokenInfo::TimePoint>;

struct TokenArguments {
  std::string user = {};
  std::string id = {};
  std::string name = {};
  std::string role = {};
  std::string value = {};
  std::optional<std::string> expires = std::nullopt;
  std::vector<std::string> scopes = {};
  bool test_mode = false;
};

/// "90m", "12h", "30d", "4w".
std::chrono::seconds parse_lifetime(std::string_view text) {
  using std::chrono::seconds;
  constexpr std::int64_t kMost = 1'000'000;  // of any unit: far under what seconds can hold
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc() && count > 0 && count <= kMost) {
    if (unit == "m") return std::chrono::minutes(count);
    if (unit == "h") return std::chrono::hours(count);
    if (unit == "d") return std::chrono::days(count);
    if (unit == "w") return std::chrono::weeks(count);
  }
  throw InvalidArgumentError(
      fmt::format("'{}' is no lifetime. Write a number with m, h, d or w: 12h, 30d.", text));
}

json to_json(const OptionalTime& time) { return time ? json(to_rfc3339(*time)) : json(nullptr); }

json to_json(const TokenInfo& token) {
  json scopes = json::array();
  for (const TokenScope& scope : token.scopes) {
    json permissions = json::array();
    for (TokenPermission permission : scope.permissions) {
      permissions.push_back(to_string(permission));
    }
    scopes.push_back({{"entity", scope.entity}, {"permissions", std::move(permissions)}});
  }
  return {{"id", token.id},
          {"user", token.user},
          {"name", token.name},
          {"role", to_string(token.role)},
          {"scopes", std::move(scopes)},
          {"hint", token.hint},
          {"createdAt", to_rfc3339(token.created)},
          {"expiresAt", to_json(token.expires)},
          {"lastUsedAt", to_json(token.last_used)}};
}

NewToken wish_of(const TokenArguments& arguments) {
  NewToken wanted{.user = arguments.user, .role = parse_token_role(arguments.role)};
  if (!arguments.name.empty()) wanted.name = arguments.name;
  if (arguments.expires) wanted.lifetime = parse_lifetime(*arguments.expires);
  for (const std::string& scope : arguments.scopes) {
    wanted.scopes.push_back(TokenScope::parse(scope));
  }
  return wanted;
}

/// A value that somebody thought of can be guessed, so it is for tests.
void add_chosen_token(const AdminPlace& place, const TokenArguments& arguments) {
  if (!arguments.test_mode) {
    throw InvalidArgumentError("--value is for tests: add --test-mode, or leave it out.");
  }
  const TokenRole role = parse_token_role(arguments.role);
  Admin(existing_hub(place)).add_token(arguments.user, role, arguments.value);
}

void create(const AdminPlace& place, const TokenArguments& arguments) {
  if (!arguments.value.empty()) {
    add_chosen_token(place, arguments);
    return place.json ? print_json({{"token", arguments.value}})
                      : fmt::print("{}\n", arguments.value);
  }
  const CreatedToken made = Admin(existing_hub(place)).create_token(wish_of(arguments));
  if (!place.json) return fmt::print("{}\n", made.value);
  json out = to_json(made.info);
  out["token"] = made.value;
  print_json(out);
}

std::string day_of(const OptionalTime& time, const char* otherwise) {
  return time ? to_rfc3339(*time).substr(0, 10) : otherwise;
}

void list(const AdminPlace& place, const std::string& user) {
  const std::vector<TokenInfo> tokens = Admin(existing_hub(place)).tokens(user);
  if (place.json) {
    json out = json::array();
    for (const TokenInfo& token : tokens) out.push_back(to_json(token));
    return print_json(out);
  }
  constexpr const char* kRow = "{:<24}  {:<16}  {:<11}  {:<14}  {:<10}  {:<10}  {:<10}  {}\n";
  fmt::print(kRow, "ID", "USER", "ROLE", "HINT", "CREATED", "EXPIRES", "LAST USED", "NAME");
  for (const TokenInfo& token : tokens) {
    fmt::print(kRow, token.id, token.user, to_string(token.role), token.hint,
               day_of(token.created, ""), day_of(token.expires, "never"),
               day_of(token.last_used, "never"), token.name);
  }
}

void revoke_all(const AdminPlace& place, const std::string& user) {
  Admin admin(existing_hub(place));
  const std::vector<TokenInfo> tokens = admin.tokens(user);
  for (const TokenInfo& token : tokens) admin.revoke_token(token.id);
  const std::size_t count = tokens.size();
  if (place.json) return print_json({{"revoked", count}});
  fmt::print("{} token{} of '{}' revoked.\n", count, count == 1 ? "" : "s", user);
}

void revoke(const AdminPlace& place, const std::string& id) {
  if (!Admin(existing_hub(place)).revoke_token(id)) {
    // Not repeated: it may be a token's value that was mistyped.
    throw AccountError("There is no such token. See 'torchhub admin token list'.");
  }
  if (place.json) print_json({{"revoked", true}});
}

}  // namespace

void add_admin_tokens(CLI::App& admin, const std::shared_ptr<AdminPlace>& place) {
  const auto arguments = std::make_shared<TokenArguments>();
  CLI::App* token = admin.add_subcommand("token", "Access tokens");
  token->require_subcommand(1);

  CLI::App* create_command =
      token->add_subcommand("create", "Make a token; its value is printed this once");
  create_command->add_option("USER", arguments->user, "Whom the token stands for")->required();
  create_command->add_option("--role", arguments->role, "read, write or fineGrained")
      ->required()
      ->check(CLI::IsMember({"read", "write", "fineGrained"}));
  CLI::Option* name = create_command->add_option("--name", arguments->name, "What lists call it");
  CLI::Option* expires = add_text_option(*create_command, "--expires", arguments->expires,
                                         "How long it lives: 12h, 30d; default: for ever");
  CLI::Option* scope = create_command->add_option(
      "--scope", arguments->scopes,
      "Of a fineGrained token, repeatable: OWNER=repo.read or OWNER/NAME=repo.read,repo.write");
  create_command->add_flag("--test-mode", arguments->test_mode, "Allow --value");
  create_command
      ->add_option("--value", arguments->value,
                   "The token itself, for servers in test mode: hf_...")
      ->excludes(name)
      ->excludes(expires)
      ->excludes(scope);
  add_json_flag(*create_command, *place);
  create_command->callback([place, arguments] { create(*place, *arguments); });

  CLI::App* list_command = token->add_subcommand("list", "Print the tokens, without their values");
  list_command->add_option("USER", arguments->user, "Of this user only");
  add_json_flag(*list_command, *place);
  list_command->callback([place, arguments] { list(*place, arguments->user); });

  CLI::App* revoke_command = token->add_subcommand(
      "revoke", "End a token, or all of a user; it fails at the next request");
  CLI::Option* id = revoke_command->add_option("ID", arguments->id, "As 'token list' shows it");
  revoke_command->add_option("--all-of", arguments->user, "Every token of this user")->excludes(id);
  add_json_flag(*revoke_command, *place);
  revoke_command->callback([place, arguments] {
    if (!arguments->user.empty()) return revoke_all(*place, arguments->user);
    if (!arguments->id.empty()) return revoke(*place, arguments->id);
    throw InvalidArgumentError("Which token? Name its ID, or a user with --all-of.");
  });
}

}  // namespace torchhub::cli
