#include "torchhub/card/merge.h"

#include "card/card_frame.h"
#include "card/card_lines.h"
#include "card/card_sections.h"
#include "card/merge_metadata.h"
#include "card/origin_paragraph.h"
#include "card/peft_line.h"
#include "card/pinned_code.h"
#include "card/unite_body.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {
namespace {

using card::Section;

const Section* find(const std::vector<Section>& sections, std::string_view key) {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [key](const Section& section) { return section.key == key; });
  return found == sections.end() ? nullptr : &*found;
}

class BodyMerge {
 public:
  BodyMerge(std::string_view fresh, std::string_view old, std::optional<std::string_view> base)
      : line_break_(card::line_break_of(old)),
        fresh_text_(card::with_breaks(fresh, line_break_)),
        fresh_(card::sections_of(fresh_text_)),
        old_(card::sections_of(old)) {
    if (base) base_ = card::sections_of(*base);
  }

  std::string run() {
    for (const Section& section : old_) {
      append_merged(section);
      append_new_after(section.key);
    }
    if (!base_) {
      append_new(std::find_if(fresh_.begin(), fresh_.end(),
                              [this](const Section& s) { return is_anchor(s); }));
    }
    return std::move(out_);
  }

 private:
  void append_merged(const Section& old) {
    const Section* fresh = find(fresh_, old.key);
    if (fresh == nullptr || old.heading.empty()) return append_old(old.text);
    if (old.key == card::kTitleKey) return append_title(old, *fresh);
    if (card::is_placeholder(old) || is_ours(old) || is_ours_but_for_its_pin(old, *fresh)) {
      return append_fresh(card::with_peft_line(fresh->text, old.text));
    }
    if (card::comparable(old.text) != card::comparable(fresh->text)) {
      log::info("card_section_kept", {{"heading", old.heading}});
    }
    append_old(old.text);
  }

  /// Stands as we generated it.
  bool is_ours(const Section& old) const {
    if (!base_) return card::is_machine_section(old);
    const Section* before = find(*base_, old.key);
    return before != nullptr && card::comparable(card::without_peft_line(before->text)) ==
                                    card::comparable(card::without_peft_line(old.text));
  }

  /// Of a card that we do not know, "How to use" is ours if it is what we write now, but for the
  /// revision.
  bool is_ours_but_for_its_pin(const Section& old, const Section& fresh) const {
    return !base_ && card::differ_by_pin(old, fresh);
  }

  /// The user's words around the origin stay.
  void append_title(const Section& old, const Section& fresh) {
    if (base_ && is_ours(old)) return append_fresh(fresh.text);
    const std::string_view paragraph = card::origin_paragraph(old.text);
    if (paragraph.empty() || !is_our_origin(paragraph)) return append_old(old.text);
    const auto begin = static_cast<std::size_t>(paragraph.data() - old.text.data());
    append_old(old.text.substr(0, begin));
    out_ += card::origin_paragraph(fresh.text);
    append_old(old.text.substr(begin + paragraph.size()));
  }

  bool is_our_origin(std::string_view paragraph) const {
    if (!base_) return true;
    const Section* before = find(*base_, card::kTitleKey);
    return before != nullptr &&
           card::comparable(card::origin_paragraph(before->text)) == card::comparable(paragraph);
  }

  /// Sections that `old` lacks go where `fresh` has them: after the one before.
  void append_new_after(std::string_view key) {
    const auto previous = std::find_if(fresh_.begin(), fresh_.end(),
                                       [key](const Section& s) { return s.key == key; });
    if (previous == fresh_.end() || !is_anchor(*previous)) return;
    append_new(previous + 1);
  }

  void append_new(std::vector<Section>::const_iterator next) {
    for (; next != fresh_.end() && find(old_, next->key) == nullptr; ++next) {
      if (is_welcome(*next)) append_fresh(next->text);
    }
  }

  /// In a card that we do not know, our facts do not push in between its title and its words.
  bool is_anchor(const Section& fresh) const {
    return base_ || (!fresh.heading.empty() && fresh.key != card::kTitleKey);
  }

  /// What the user deleted stays away; into a card that we do not know goes nothing but facts.
  bool is_welcome(const Section& fresh) const {
    if (base_) return find(*base_, fresh.key) == nullptr;
    return card::is_machine_section(fresh) || fresh.key == card::kProcedureKey;
  }

  void append_old(std::string_view text) {
    if (last_is_fresh_ && !text.empty()) end_paragraph();
    last_is_fresh_ = false;
    out_ += text;
  }

  void append_fresh(std::string_view text) {
    end_paragraph();
    last_is_fresh_ = true;
    out_ += text;
  }

  /// Between our words and the user's there is a blank line; between the user's own only theirs.
  void end_paragraph() {
    if (out_.empty() || out_ == line_break_) return;  // nobody has said anything yet
    if (!out_.ends_with(line_break_)) out_ += line_break_;
    if (!out_.ends_with(std::string(line_break_) + std::string(line_break_))) out_ += line_break_;
  }

  std::string_view line_break_;
  std::string fresh_text_;
  std::vector<Section> fresh_;
  std::vector<Section> old_;
  std::optional<std::vector<Section>> base_ = std::nullopt;
  std::string out_;
  bool last_is_fresh_ = false;
};

/// Of the card that was generated last. A disk that lost it must not end all pushes.
std::optional<CardParts> readable_parts(std::optional<std::string_view> card) {
  if (!card) return std::nullopt;
  try {
    card::require_sound_frame(*card);
    const CardParts parts = split_card(*card);
    static_cast<void>(parse_front_matter(parts.yaml));
    return parts;
  } catch (const ModelCardError& error) {
    log::warning("generated_card_unreadable",
                 {{"effect", "only what a machine writes is refreshed"}, {"error", error.what()}});
    return std::nullopt;
  }
}

}  // namespace

CardMode parse_card_mode(std::string_view word) {
  for (const CardMode mode : {CardMode::merge, CardMode::overwrite, CardMode::keep}) {
    if (word == to_string(mode)) return mode;
  }
  throw InvalidArgumentError(
      fmt::format("'{}' is no card mode. Known: merge, overwrite, keep.", word));
}

std::string_view to_string(CardMode mode) {
  switch (mode) {
    case CardMode::merge:
      return "merge";
    case CardMode::overwrite:
      return "overwrite";
    case CardMode::keep:
      break;
  }
  return "keep";
}

std::string merge_cards(const CardVersions& versions) {
  card::require_sound_frame(versions.old);
  const CardParts fresh = split_card(versions.fresh);
  const CardParts old = split_card(card::without_mark(versions.old));
  const std::optional<CardParts> base = readable_parts(versions.base);
  card::YamlVersions yamls{.fresh = fresh.yaml, .old = old.yaml};
  if (base) yamls.base = base->yaml;
  const std::string yaml = card::merged_yaml(yamls, versions.explicit_keys);
  return card::joined_card(
      card::with_yaml(versions.old, yaml),
      BodyMerge(fresh.body, old.body, base ? std::optional(base->body) : std::nullopt).run());
}

std::string unite_edits(const CardEdits& edits) {
  card::require_sound_frame(edits.ours);
  card::require_sound_frame(edits.theirs);
  const CardParts ours = split_card(card::without_mark(edits.ours));
  const CardParts theirs = split_card(card::without_mark(edits.theirs));
  const CardParts base = split_card(edits.base);
  const std::string their_yaml =
      card::with_breaks(card::with_newlines(theirs.yaml), card::line_break_of(edits.ours));
  const std::string yaml = card::united_yaml(
      {.fresh = ours.yaml, .old = their_yaml, .base = base.yaml}, edits.explicit_keys);
  return card::joined_card(card::with_yaml(edits.ours, yaml),
                           card::united_body(ours.body, theirs.body, base.body));
}

std::string next_card(CardMode mode, const CardVersions& versions) {
  if (versions.old.empty() || mode == CardMode::overwrite) return std::string(versions.fresh);
  if (mode == CardMode::keep) return std::string(versions.old);
  return merge_cards(versions);
}

}  // namespace torchhub
