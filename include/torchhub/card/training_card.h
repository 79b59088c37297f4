#pragma once

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
  std::string name;  ///< For readers: "GLUE MRPC". Empty: the id.
  /// Id on the Hub, such as "nyu-mll/glue". Empty, or a path: not listed in the metadata.
  std::string id = {};
  std::optional<std::string> config = std::nullopt;
  std::optional<std::string> split = std::nullopt;
  std::optional<std::string> args = std::nullopt;
};

/// What the card of a trained model is made from. render() does the rest.
struct TrainingCard {
  std::string model_name;
  std::string library_name = "torchhub";  ///< "transformers" if the weights load there.
  std::vector<std::string> language = {};
  std::optional<std::string> license = std::nullopt;
  /// Repo id. Empty: trained from scratch; unset: a Trainer takes the one the model was loaded
  /// from.
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
};

/// README.md with front matter, in the words of transformers v5 `TrainingSummary.to_model_card`.
/// Reads the log history as trainer_state.json has it: an array of maps. Never needs the network.
/// @throws ModelCardError if a text is not UTF-8
std::string render(const TrainingCard& card, const nlohmann::ordered_json& log_history);

/// "text-classification" for BertForSequenceClassification and so on; nothing if the class name's
/// ending says nothing.
std::optional<std::string> task_of_model_class(std::string_view class_name);

/// `<!-- This model card has been generated automatically ... -->`: two lines that tools know a
/// generated card by, without a line break at the end.
inline constexpr std::string_view kGeneratedCardComment =
    "<!-- This model card has been generated automatically according to the information the "
    "Trainer had access to. You\nshould probably proofread and complete it, then remove this "
    "comment. -->";

}  // namespace torchhub
