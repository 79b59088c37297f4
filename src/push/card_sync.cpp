#include "torchhub/push/card_sync.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/merge.h"
#include "torchhub/card/model_card.h"

namespace torchhub {
namespace {

namespace fs = std::filesystem;

fs::path card_of(const fs::path& folder) { return folder / "README.md"; }
fs::path generated_last(const fs::path& folder) { return folder / "_torchhub/generated-card.md"; }

/// One that nobody but us has written into is no one's to keep.
CardMode mode_for(CardMode mode, const CardVersions& versions) {
  return mode == CardMode::keep && versions.base == versions.old ? CardMode::overwrite : mode;
}

}  // namespace

bool CardSync::has_card() const { return fs::exists(card_of(folder_)); }

void CardSync::adopt(const std::string& card) const {
  write_file_atomically(card_of(folder_), card);
}

bool CardSync::is_readable() const {
  if (!has_card()) return true;
  try {
    static_cast<void>(ModelCard::load(card_of(folder_)));
    return true;
  } catch (const ModelCardError& error) {
    log::warning("card_not_pushed", {{"file", card_of(folder_).string()}, {"error", error.what()}});
    return false;
  }
}

std::optional<std::string> CardSync::refresh(const std::string& fresh,
                                             std::vector<std::string> explicit_keys) const {
  if (mode_ != CardMode::overwrite && !is_readable()) return std::nullopt;
  std::string old;
  std::string base;
  CardVersions versions{.fresh = fresh};
  versions.explicit_keys = std::move(explicit_keys);
  if (has_card()) versions.old = old = read_file(card_of(folder_));
  if (const fs::path file = generated_last(folder_); fs::exists(file)) {
    versions.base = base = read_file(file);
  }
  std::string card = next_card(mode_for(mode_, versions), versions);
  write_file_atomically(generated_last(folder_), fresh);
  write_file_atomically(card_of(folder_), card);
  return card;
}

}  // namespace torchhub
