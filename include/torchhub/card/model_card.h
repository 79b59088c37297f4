#pragma once

#include "torchhub/card/eval_result.h"
#include "torchhub/card/front_matter.h"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// What becomes of metadata that is not as it must be (Python: ignore_metadata_errors).
enum class MetadataErrors {
  fail,   ///< ModelCardError.
  ignore  ///< Logged, and taken for none.
};

/// The README.md of a repository: front matter that the Hub reads, and text for people. The text is
/// the truth: what is not changed through a call here keeps its bytes, comments included.
class ModelCard {
 public:
  /// A card of this text. Without front matter all of it is body.
  /// @throws ModelCardError if the front matter cannot be read, or is beyond `limits`
  explicit ModelCard(std::string text, const FrontMatterLimits& limits = {});

  /// @throws FileError if the file cannot be read, ModelCardError that names it; also where the
  /// front matter would go unseen, see problem_of_frame()
  static ModelCard load(const std::filesystem::path& path);
  /// Written whole or not at all; makes missing parent folders. @throws FileError
  void save(const std::filesystem::path& path) const;

  const std::string& text() const { return text_; }
  std::string_view body() const;
  void set_body(std::string_view body);

  /// The front matter as a map, in the order of the text; empty if there is none.
  const nlohmann::ordered_json& metadata() const { return *metadata_; }
  /// Rewrites the lines of this key only; a new key goes to the end. Null removes it; when the last
  /// key goes, so does the block. @throws ModelCardError if problem_of_frame() has one: the block
  /// would become a second one
  void set(std::string_view key, const nlohmann::ordered_json& value);

  /// The words of a key that holds one or a list of them (tags, language, license, ...), each once;
  /// empty if it is absent.
  std::vector<std::string> words(std::string_view key) const;

  /// What the model-index says; nothing if there is none. A card loads although its model-index is
  /// broken. @throws ModelCardError that names the part which is missing
  ModelIndex eval_results(MetadataErrors errors = MetadataErrors::fail) const;
  /// In place of all that the model-index has; none removes it. To change a few, see
  /// update_metadata(). @throws ModelCardError if there are results and no name, or a source has a
  /// name but no URL
  void set_eval_results(const std::string& model_name, const std::vector<EvalResult>& results);

 private:
  std::string text_;
  std::shared_ptr<const nlohmann::ordered_json> metadata_;
};

}  // namespace torchhub
