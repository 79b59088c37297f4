#pragma once

#include "torchhub/card/how_to_use.h"
#include "torchhub/card/hyperparameters.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// A dataset that a model was trained or evaluated on.
struct CardDataset {
  /// For readers: "GLUE MRPC". Of a path, they see its last component. Empty, or "csv" and other
  /// names of what reads files: the id.
  std::string name;
  /// Id on the Hub, such as "nyu-mll/glue". What cannot be one is not in the card: a path, a file's
  /// name, "csv" and other names of what reads files.
  std::string id = {};
  std::optional<std::string> config = std::nullopt;
  std::optional<std::string> split = std::nullopt;
  std::optional<std::string> args = std::nullopt;
  std::optional<std::string> revision = std::nullopt;  ///< The commit that was read.
};

/// What the training cost the air: `co2_eq_emissions`.
struct CardEmissions {
  double grams = 0;         ///< Of CO2 equivalent.
  std::string source = {};  ///< Where the number comes from.
  std::string training_type = {};
  std::string geographical_location = {};
  std::string hardware_used = {};
};

/// An example that the Hub's widget offers: {"text", "I like you."}, or {"src", a URL}, or what
/// else the task takes.
struct CardExample {
  std::vector<CardLine> inputs;
  std::string title = {};  ///< `example_title`
};

/// Sections that people write. Empty: "More information needed", and what the user wrote into the
/// card stays.
struct CardSections {
  std::string model_description = {};
  std::string intended_uses = {};       ///< "Intended uses & limitations"
  std::string data = {};                ///< "Training and evaluation data"
  std::string training_procedure = {};  ///< Stands before the hyperparameters.
};

/// How far a run is that goes on.
struct CardProgress {
  std::int64_t step = 0;                          ///< Updates done.
  std::optional<std::int64_t> of = std::nullopt;  ///< All of the run; unset: nobody knows.
};

/// What the card of a trained model is made from. render() does the rest.
struct TrainingCard {
  std::string model_name;                 ///< Of a path, readers see its last component.
  std::string library_name = "torchhub";  ///< "transformers" if the weights load there.
  std::vector<std::string> language = {};
  std::optional<std::string> license = std::nullopt;
  /// Repo id. Empty: trained from scratch; unset: a Trainer takes the one the model was loaded
  /// from. Of a path or a file, readers see the last component, and the metadata have none.
  std::optional<std::string> base_model = std::nullopt;
  std::vector<std::string> tags = {};   ///< `generated_from_trainer` is added.
  std::vector<std::string> tasks = {};  ///< Tags such as "text-classification".
  std::vector<CardDataset> datasets = {};
  std::vector<CardLine> hyperparameters = {};  ///< See hyperparameter_lines().
  /// The update after which the weights that go with this card were taken, if that is not the last:
  /// results are those of its evaluation, and the card names the step.
  std::optional<std::int64_t> weights_step = std::nullopt;
  std::vector<CardLine> framework_versions = {};   ///< {"torchhub", "0.1.0"}, {"LibTorch", ...}.
  std::string hub_url = "https://huggingface.co";  ///< The base model's link starts so.

  // What Python's cards do not have. With all of it as it is here, the card is Python's.
  std::optional<std::string> license_name = std::nullopt;  ///< With the license "other".
  std::optional<std::string> license_link = std::nullopt;  ///< URL, or a file of the repository.
  /// "finetune", "adapter", "merge" or "quantized"; unset: the Hub guesses.
  std::optional<std::string> base_model_relation = std::nullopt;
  /// The commit that was fine-tuned; the link to the base model leads there.
  std::optional<std::string> base_model_revision = std::nullopt;
  std::optional<std::string> pipeline_tag = std::nullopt;
  std::optional<CardEmissions> emissions = std::nullopt;
  std::vector<CardExample> widget = {};
  /// YAML of further keys (`inference: false`, ...); those above win. @throws ModelCardError
  std::string more_metadata = {};
  /// Which result is which metric, {"Rouge Lsum", "rouge"}, where its name does not say; an empty
  /// id keeps a result out of the metadata.
  std::vector<CardLine> metric_ids = {};
  CardSections sections = {};
  std::optional<CardUsage> how_to_use = std::nullopt;
  /// A picture of the repository, such as "training.svg"; empty: none, but see
  /// TrainerOptions::card_plot.
  std::string plot = {};
  /// Said under the title, so that nobody takes the weights for the final ones. Unset: they are.
  std::optional<CardProgress> progress = std::nullopt;
};

/// README.md with front matter, in the words of transformers v5 `TrainingSummary.to_model_card`.
/// Reads the log history as trainer_state.json has it: an array of maps. Never needs the network.
/// @throws ModelCardError if a text is not UTF-8, or more_metadata is no YAML
std::string render(const TrainingCard& card, const nlohmann::ordered_json& log_history);

/// The same of a hand-written loop that keeps a history by epoch, in the words of transformers v4's
/// Keras callback: `[{"loss": 0.5, "val_loss": 0.6, "epoch": 0}, ...]`.
/// @throws ModelCardError as render
std::string render_history(const TrainingCard& card, const nlohmann::ordered_json& history);

/// Does a card say that training is in progress (TrainingCard::progress)?
bool says_in_progress(std::string_view card);

/// "text-classification" for BertForSequenceClassification and so on; nothing if the class name's
/// ending says nothing.
std::optional<std::string> task_of_model_class(std::string_view class_name);

/// `<!-- This model card has been generated automatically ... -->`: two lines that tools know a
/// generated card by, without a line break at the end.
inline constexpr std::string_view kGeneratedCardComment =
    "<!-- This model card has been generated automatically according to the information the "
    "Trainer had access to. You\nshould probably proofread and complete it, then remove this "
    "comment. -->";

/// The same of render_history().
inline constexpr std::string_view kHistoryCardComment =
    "<!-- This model card has been generated automatically according to the information Keras had "
    "access to. You should\nprobably proofread and complete it, then remove this comment. -->";

}  // namespace torchhub
