#include "card/unite_body.h"

#include "card/card_lines.h"
#include "card/card_sections.h"
#include "card/origin_paragraph.h"
#include "card/pinned_code.h"
#include "torchhub/base/log.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace torchhub::card {
namespace {

/// Sections by key, as they are found in strangers' cards: many.
class SectionIndex {
 public:
  explicit SectionIndex(std::string_view body) : sections_(sections_of(body)) {
    for (const Section& section : sections_) by_key_.emplace(section.key, &section);
  }

  const std::vector<Section>& all() const { return sections_; }
  const Section* find(const std::string& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : found->second;
  }

 private:
  std::vector<Section> sections_;
  std::unordered_map<std::string, const Section*> by_key_;
};

bool same_text(const Section* a, const Section* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return comparable(a->text) == comparable(b->text);
}

class BodyUnion {
 public:
  BodyUnion(std::string_view ours, const std::string& theirs, std::string_view base)
      : line_break_(line_break_of(ours)), ours_(ours), theirs_(theirs), base_(base) {}

  std::string run() {
    for (const Section& section : ours_.all()) {
      if (const auto kept = choose(section)) append(kept->text, kept->is_theirs);
      append_theirs_after(section.key);
    }
    const std::string blank = std::string(line_break_).append(line_break_);
    if (ours_.all().back().text.ends_with(blank)) return std::move(out_);
    while (out_.ends_with(blank)) out_.resize(out_.size() - line_break_.size());
    return std::move(out_);
  }

 private:
  struct Choice {
    std::string text;
    bool is_theirs = false;
  };

  /// Nothing: they deleted what we had left alone, or what only a machine changes.
  std::optional<Choice> choose(const Section& ours) const {
    const Section* theirs = theirs_.find(ours.key);
    const Section* base = base_.find(ours.key);
    const Choice own{.text = std::string(ours.text)};
    // Each push pins another commit: that is no reason to bring back what people deleted.
    const bool we_changed =
        !same_text(&ours, base) && !(base != nullptr && differ_by_pin(ours, *base));
    if (theirs == nullptr) {
      const bool is_news = base == nullptr || (we_changed && !is_machine_section(ours));
      return is_news ? std::optional(own) : std::nullopt;
    }
    if (same_text(theirs, base) || same_text(theirs, &ours)) return own;
    if (!we_changed) return Choice{.text = std::string(theirs->text), .is_theirs = true};
    if (ours.key == kTitleKey && base != nullptr) return title_of_both(ours, *theirs, *base);
    log::info("card_section_conflict", {{"heading", ours.heading}});
    return Choice{.text = std::string(theirs->text), .is_theirs = true};
  }

  /// Their words around our results, unless these are theirs as well.
  static Choice title_of_both(const Section& ours, const Section& theirs, const Section& base) {
    std::string text(theirs.text);
    const std::string_view there = origin_paragraph(theirs.text);
    if (!there.empty() && comparable(there) == comparable(origin_paragraph(base.text))) {
      const auto begin = static_cast<std::size_t>(there.data() - theirs.text.data());
      text.replace(begin, there.size(), origin_paragraph(ours.text));
    }
    return {.text = std::move(text), .is_theirs = true};
  }

  /// Sections that only they have follow what they follow there.
  void append_theirs_after(const std::string& key) {
    const Section* previous = theirs_.find(key);
    if (previous == nullptr) return;
    const Section* end = theirs_.all().data() + theirs_.all().size();
    for (const Section* next = previous + 1; next != end; ++next) {
      if (ours_.find(next->key) != nullptr) return;
      const Section* base = base_.find(next->key);
      if (base == nullptr || !same_text(next, base)) append(next->text, true);
    }
  }

  /// Where words of one meet words of the other, there is a blank line.
  void append(std::string_view text, bool is_theirs) {
    if (text.empty()) return;
    if (!out_.empty() && is_theirs != last_is_theirs_) {
      while (!out_.ends_with(std::string(line_break_).append(line_break_))) out_ += line_break_;
    }
    last_is_theirs_ = is_theirs;
    out_ += text;
  }

  std::string_view line_break_;
  SectionIndex ours_;
  SectionIndex theirs_;
  SectionIndex base_;
  std::string out_;
  bool last_is_theirs_ = false;
};

}  // namespace

std::string united_body(std::string_view ours, std::string_view theirs, std::string_view base) {
  const std::string theirs_text = with_breaks(with_newlines(theirs), line_break_of(ours));
  return BodyUnion(ours, theirs_text, base).run();
}

}  // namespace torchhub::card
