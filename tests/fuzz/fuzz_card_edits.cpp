// Edits of whole cards. The input is up to three cards with the byte 1 between them.

#include "torchhub/base/log.h"
#include "torchhub/card/card_template.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/merge.h"
#include "torchhub/card/metadata_update.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace torchhub;

void check(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string_view> cards_of(std::string_view input) {
  std::vector<std::string_view> cards;
  while (cards.size() < 2 && input.find('\x01') != std::string_view::npos) {
    const std::size_t end = input.find('\x01');
    cards.push_back(input.substr(0, end));
    input.remove_prefix(end + 1);
  }
  cards.push_back(input);
  cards.resize(3);
  return cards;
}

/// What comes out of readable cards is a readable card.
template <typename Make>
void make(Make result) {
  std::string text;
  try {
    text = result();
  } catch (const ModelCardError&) {
    return;
  }
  const ModelCard readable(text);
  check(readable.text() == text);
}

void update(std::string_view card, std::string_view metadata) {
  try {
    ModelCard updated{std::string(card)};
    update_metadata(updated, ModelCard(std::string(metadata)).metadata(), OnConflict::overwrite);
    const std::string once = updated.text();
    update_metadata(updated, ModelCard(std::string(metadata)).metadata(), OnConflict::overwrite);
    check(updated.text() == once);
  } catch (const ModelCardError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  log::set_level(log::Level::off);
  const auto cards = cards_of({reinterpret_cast<const char*>(data), size});
  const std::string_view fresh = cards[0];
  const std::string_view old = cards[1];
  const std::string_view base = cards[2];
  make([&] { return merge_cards({.fresh = fresh, .old = old}); });
  make([&] { return merge_cards({.fresh = fresh, .old = old, .base = base}); });
  make([&] { return unite_edits({.ours = fresh, .theirs = old, .base = base}); });
  update(fresh, old);
  make([&] { return card_from_template({{"license", "mit"}}, {}, fresh).text(); });
  return 0;
}
