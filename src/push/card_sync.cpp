#include "torchhub/push/card_sync.h"

#include "push/generated_card.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/merge.h"
#include "torchhub/card/model_card.h"

namespace torchhub {
namespace {

namespace fs = std::filesystem;

fs::path card_of(const fs::path& folder) { return folder / "README.md"; }

/// One that nobody but us has written into is no one's to keep.
CardMode mode_for(CardMode mode, const CardVersions& versions) {
  return mode == CardMode::keep && versions.base == versions.old ? CardMode::overwrite : mode;
}

}  // namespace

bool CardSync::has_card() const { return fs::exists(card_of(folder_)); }

void CardSync::adopt(const std::string& card) const {
  write_file_atomically(card_of(folder_), card);
}

std::optional<std::string> CardSync::problem() const {
  if (mode_ == CardMode::overwrite || !has_card()) return std::nullopt;
  try {
    static_cast<void>(ModelCard::load(card_of(folder_)));
    return std::nullopt;
  } catch (const ModelCardError& error) {
    return error.what();
  }
}

std::optional<std::string> CardSync::refresh(const std::string& fresh,
                                             std::vector<std::string> explicit_keys) const {
  if (const auto found = problem()) {
    log::warning("card_not_pushed", {{"file", card_of(folder_).string()}, {"error", *found}});
    return std::nullopt;
  }
  const GeneratedCard generated(folder_);
  const std::string old = has_card() ? read_file(card_of(folder_)) : "";
  const auto base = generated.behind(old);
  const CardVersions versions{
      .fresh = fresh, .old = old, .base = base, .explicit_keys = std::move(explicit_keys)};
  std::string card = next_card(mode_for(mode_, versions), versions);
  generated.note(fresh, old, card);
  write_file_atomically(card_of(folder_), card);
  return card;
}

}  // namespace torchhub
