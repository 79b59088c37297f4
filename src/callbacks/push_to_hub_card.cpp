// The card of what PushToHubCallback pushes.
#include "callbacks/hub_facts.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/callbacks/training_card.h"

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// While a card is made for a commit that will get a tag.
class TagScope {
 public:
  TagScope(HubFacts& facts, const std::string& tag) : facts_(facts) { facts_.set_tag(tag); }
  ~TagScope() { facts_.set_tag(""); }
  TagScope(const TagScope&) = delete;
  TagScope& operator=(const TagScope&) = delete;

 private:
  HubFacts& facts_;
};

}  // namespace

/// Metadata that the caller gave for this card: it wins over what an earlier card says.
std::vector<std::string> PushToHubCallback::keys_given_for_card() const {
  const TrainingCard& card = options_.card;
  std::vector<std::string> keys;
  if (!card.language.empty()) keys.emplace_back("language");
  if (card.license) keys.emplace_back("license");
  if (card.license_name) keys.emplace_back("license_name");
  if (card.license_link) keys.emplace_back("license_link");
  if (card.base_model) keys.emplace_back("base_model");
  if (card.base_model_relation) keys.emplace_back("base_model_relation");
  if (card.pipeline_tag) keys.emplace_back("pipeline_tag");
  if (card.library_name != TrainingCard{.model_name = {}}.library_name) {
    keys.emplace_back("library_name");
  }
  return keys;
}

void PushToHubCallback::learn_license(const torch::nn::Module& model) {
  if (options_.card.license) return;
  if (const auto base = base_model_of(model, options_.card)) {
    hub_facts_->learn_license(client_, *base);
  }
}

TrainingCard PushToHubCallback::completed(TrainingCard facts, std::int64_t weights_step) const {
  if (!facts.license) facts.license = hub_facts_->license();
  if (!facts.how_to_use) return facts;
  CardUsage& usage = *facts.how_to_use;
  if (usage.repo_id.empty()) usage.repo_id = repo_.id.str();
  if (usage.revision.empty()) usage.revision = hub_facts_->tag();
  if (usage.revision.empty()) usage.revision = hub_facts_->commit_with(weights_step);
  if (usage.revision.empty() && target().revision != kDefaultRevision) {
    usage.revision = target().revision;
  }
  // A branch may be called what no program can be trusted to hold.
  if (!stands_in_code(usage.revision)) facts.how_to_use.reset();
  return facts;
}

std::string PushToHubCallback::generated_card(const TrainerEvent& event) const {
  if (options_.make_card) return options_.make_card(event);
  TrainingCard facts = with_place(options_.card, repo_.id.name, options_.hub.endpoint);
  if (options_.card_progress && !facts.progress) facts.progress = progress_of(event);
  return training_card(event, completed(std::move(facts), weights_step_of(event)));
}

std::optional<std::string> PushToHubCallback::refreshed_card(const TrainerEvent& event) const {
  return refreshed_card(generated_card(event));
}

std::optional<std::string> PushToHubCallback::refreshed_card(const std::string& generated) const {
  return card_.refresh(generated, keys_given_for_card());
}

std::optional<std::string> PushToHubCallback::card_for_tag(const TrainerEvent& event,
                                                           const std::string& tag) const {
  const TagScope scope(*hub_facts_, tag);
  return refreshed_card(event);
}

/// The card of the newest save is wrong as soon as the run is over.
bool PushToHubCallback::must_correct_card(const TrainerEvent& event) const {
  if (!options_.selection.root.takes("README.md")) return false;
  return announced_.card && says_in_progress(*announced_.card) &&
         !says_in_progress(generated_card(event));
}

/// The repository's root has the weights of that save, whatever was evaluated since.
TrainerEvent PushToHubCallback::at_newest_save(const TrainerEvent& event) const {
  TrainerEvent at = event;
  at.weights_step = handed_over_;
  return at;
}

/// What people wrote on the Hub is from now on in the card here too, unless that was changed since.
void PushToHubCallback::adopt_merged_card(const PushOutcome& outcome) const {
  const fs::path here = options_.output_dir / "README.md";
  try {
    if (read_file(here) == outcome.own_card) card_.adopt(*outcome.merged_card);
  } catch (const FileError& error) {  // what is on the Hub is merged again by the next push
    log::warning("merged_card_not_taken_over", {{"error", error.what()}});
  }
}

}  // namespace torchhub
