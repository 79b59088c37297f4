#include "cli/card_metadata.h"
#include "cli/card_place.h"
#include "cli/commands.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/card/card_template.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/metadata_update.h"
#include "torchhub/card/validate.h"
#include "torchhub/hub/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::cli {
namespace {

struct CardArguments {
  std::string place = {};
  std::string repo_type = "model";
  std::string endpoint = {};
  std::vector<std::string> set = {};
  std::vector<std::string> tags = {};
  std::vector<std::string> remove = {};
  std::vector<std::string> values = {};
  std::string template_file = {};
  std::string results_file = {};
  std::string part = "text";
  bool overwrite = false;
  bool offline = false;
  bool create_pr = false;
  std::string commit_message = {};
};

HubOptions hub_options(const CardArguments& arguments) {
  HubOptions options = HubOptions::from_environment();
  if (!arguments.endpoint.empty()) options.endpoint = arguments.endpoint;
  if (arguments.offline) options.offline = true;
  return options;
}

CardPlace place_of(const CardArguments& arguments) {
  return parse_card_place(arguments.place, parse_repo_type(arguments.repo_type),
                          [&arguments] { return hub_options(arguments); });
}

UploadOptions upload_options(const CardArguments& arguments, const char* usual_message) {
  return {
      .commit_message = arguments.commit_message.empty() ? usual_message : arguments.commit_message,
      .create_pr = arguments.create_pr};
}

/// A card that cannot be read, a conflict, and metadata that the Hub refuses are what the command
/// is there to find.
void report_problems(const std::function<void()>& command) {
  try {
    command();
  } catch (const ModelCardError& error) {
    end_with_problem(error.what());
  } catch (const BadRequestError& error) {
    end_with_problem(error.what());
  }
}

// -- new -----------------------------------------------------------------------------------------

ModelCard new_card(const CardArguments& arguments, const CardPlace& place) {
  nlohmann::ordered_json metadata = metadata_of(arguments.set);
  if (!arguments.tags.empty()) {
    ModelCard given("");
    if (metadata.contains("tags")) given.set("tags", metadata["tags"]);
    metadata["tags"] = with_tags(given.words("tags"), arguments.tags);
  }
  TemplateValues values = {{"model_id", name_of(place)}};
  for (const std::string& word : arguments.values) {
    const auto [name, text] = key_and_value("--value", word);
    values[name] = text;
  }
  if (arguments.template_file.empty()) return card_from_template(metadata, values);
  try {
    return card_from_template(metadata, values, read_file(arguments.template_file));
  } catch (ModelCardError& error) {
    error.add_context(arguments.template_file);
    throw;
  }
}

void make_card(const CardArguments& arguments) {
  const CardPlace place = place_of(arguments);
  require_online(place);
  const ModelCard card = new_card(arguments, place);
  if (!arguments.overwrite && find_card_at(place)) {
    end_with_problem(fmt::format(
        "'{}' has a model card already. Change it with 'torchhub card update', or replace it with "
        "--overwrite.",
        arguments.place));
  }
  fmt::print("{}\n", edit_card_at(
                         place, [&card](ModelCard& there) { there = card; },
                         upload_options(arguments, "Upload README.md with torchhub")));
}

// -- show ----------------------------------------------------------------------------------------

void show_card(const CardArguments& arguments) {
  const ModelCard card = read_card(place_of(arguments));
  if (arguments.part == "json") {
    fmt::print("{}\n", card.metadata().dump(2));
  } else if (arguments.part == "metadata") {
    const std::string_view yaml = split_card(card.text()).yaml;
    fmt::print("{}{}", yaml, yaml.empty() ? "" : "\n");
  } else {
    fmt::print("{}", arguments.part == "body" ? card.body() : std::string_view(card.text()));
  }
}

// -- validate ------------------------------------------------------------------------------------

/// The card's bytes, also of one that cannot be read as a card.
std::string text_of(const CardPlace& place) {
  if (const auto* file = std::get_if<std::filesystem::path>(&place)) return read_file(*file);
  const auto& remote = std::get<RepoPlace>(place);
  return read_file(remote.client.hub_download(
      remote.repo, "README.md", {.revision = remote.revision, .force_download = true}));
}

bool is_error(const CardProblem& problem) {
  return problem.severity == CardProblem::Severity::error;
}

void print(const CardProblem& problem) {
  fmt::print("{}: {}{}{}\n", is_error(problem) ? "error" : "warning", problem.key,
             problem.key.empty() ? "" : ": ", problem.message);
}

/// HubHttpError drops the last full stop.
bool is_error_of(const std::vector<CardProblem>& problems, std::string_view said) {
  return std::any_of(problems.begin(), problems.end(), [&](const CardProblem& problem) {
    return is_error(problem) &&
           (problem.message == said || problem.message == std::string(said) + ".");
  });
}

/// Does the Hub say no more than we did? It puts a semicolon between errors.
bool adds_nothing(const std::string& said_by_hub, const std::vector<CardProblem>& problems) {
  constexpr std::string_view kBetween = "; ";
  std::string_view rest = said_by_hub;
  for (;;) {
    const std::size_t end = rest.find(kBetween);
    if (!is_error_of(problems, rest.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    rest.remove_prefix(end + kBetween.size());
  }
}

/// What the Hub says beside what we found, if there is one to ask: it knows more than we do.
/// @return does it refuse the card?
bool ask_the_hub(const std::string& text, const std::vector<CardProblem>& found,
                 const CardArguments& arguments) {
  const HubOptions options = hub_options(arguments);
  if (options.offline || !options.token) return false;
  try {
    for (const std::string& warning :
         HubClient(options).validate_yaml(text, parse_repo_type(arguments.repo_type))) {
      fmt::print("warning: the Hub says: {}\n", warning);
    }
    return false;
  } catch (const BadRequestError& error) {
    const std::string& said = error.server_message();
    if (!adds_nothing(said, found)) fmt::print("error: the Hub says: {}\n", said);
    return true;
  }
}

void validate_card(const CardArguments& arguments) {
  const std::string text = text_of(place_of(arguments));
  const std::vector<CardProblem> found = problems_of_card(text);
  for (const CardProblem& problem : found) print(problem);
  const bool refused_here = std::any_of(found.begin(), found.end(), is_error);
  const bool refused_there = ask_the_hub(text, found, arguments);
  if (refused_here || refused_there) throw ExitStatus{kProblemFound};
}

// -- update --------------------------------------------------------------------------------------

void update_card(const CardArguments& arguments) {
  const CardPlace place = place_of(arguments);
  const nlohmann::ordered_json metadata = metadata_of(arguments.set);
  std::vector<EvalResult> results;
  if (!arguments.results_file.empty()) results = results_of_file(arguments.results_file);
  if (metadata.empty() && results.empty() && arguments.tags.empty() && arguments.remove.empty()) {
    throw InvalidArgumentError(
        "Nothing to update. Give --set KEY=VALUE, --tag WORD, --remove KEY or --results FILE.");
  }
  const OnConflict on_conflict = arguments.overwrite ? OnConflict::overwrite : OnConflict::refuse;
  const auto edit = [&](ModelCard& card) {
    update_metadata(card, metadata, on_conflict);
    update_eval_results(card, results, on_conflict, name_of(place));
    for (const std::string& key : arguments.remove) card.set(key, nullptr);
    if (!arguments.tags.empty()) card.set("tags", with_tags(card.words("tags"), arguments.tags));
  };
  fmt::print("{}\n",
             edit_card_at(place, edit, upload_options(arguments, "Update metadata with torchhub")));
}

// -- options -------------------------------------------------------------------------------------

using SharedArguments = std::shared_ptr<CardArguments>;

CLI::App* add_command(CLI::App& card, const SharedArguments& arguments, const char* name,
                      const char* help, void (*run)(const CardArguments&)) {
  CLI::App* command = card.add_subcommand(name, help);
  command
      ->add_option("PLACE", arguments->place,
                   "A folder, a README.md, or owner/name[@revision] on the Hub")
      ->required();
  command->add_option("--repo-type", arguments->repo_type, "model, dataset or space")
      ->capture_default_str()
      ->check(CLI::IsMember({"model", "dataset", "space"}));
  command->add_option("--endpoint", arguments->endpoint, "The Hub; default: HF_ENDPOINT");
  command->callback([arguments, run] { report_problems([&] { run(*arguments); }); });
  return command;
}

/// Options that take one word each may be repeated: `--tag a --tag b`.
void add_words(CLI::App& command, const char* name, std::vector<std::string>& words,
               const char* help) {
  command.add_option(name, words, help)->expected(1)->allow_extra_args(false)->take_all();
}

void add_metadata_options(CLI::App& command, CardArguments& arguments) {
  add_words(command, "--set", arguments.set, "KEY=VALUE of the metadata, the value as YAML");
  add_words(command, "--tag", arguments.tags, "Add a tag");
  command.add_flag("--create-pr", arguments.create_pr, "On the Hub: as a pull request");
  command.add_option("--commit-message", arguments.commit_message, "On the Hub");
}

}  // namespace

void add_card(CLI::App& app) {
  const auto arguments = std::make_shared<CardArguments>();
  CLI::App* card = app.add_subcommand("card", "Model cards: README.md of a folder or a repository");
  card->require_subcommand(1);

  CLI::App* make = add_command(*card, arguments, "new", "Make a card from a template", make_card);
  add_metadata_options(*make, *arguments);
  add_words(*make, "--value", arguments->values, "NAME=TEXT of the template");
  make->add_option("--template", arguments->template_file, "A template of your own");
  make->add_flag("--overwrite", arguments->overwrite, "Replace a card that is there");

  CLI::App* show = add_command(*card, arguments, "show", "Print a card", show_card);
  show->add_option("--part", arguments->part, "text, body, metadata, or json (the metadata)")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "body", "metadata", "json"}));

  CLI::App* validate =
      add_command(*card, arguments, "validate",
                  "Check the metadata as the Hub does; with a token, ask it too", validate_card);
  validate->add_flag("--offline", arguments->offline, "Do not ask the Hub");

  CLI::App* update = add_command(*card, arguments, "update", "Change the metadata", update_card);
  add_metadata_options(*update, *arguments);
  add_words(*update, "--remove", arguments->remove, "Take a key away");
  update->add_option("--results", arguments->results_file,
                     "JSON file of evaluation results, or of a model-index");
  update->add_flag("--overwrite", arguments->overwrite,
                   "Replace values and results that the card has differently");
}

}  // namespace torchhub::cli
