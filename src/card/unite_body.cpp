#include "card/unite_body.h"

#include "card/card_lines.h"
#include "card/card_sections.h"
#include "torchhub/base/log.h"

#include <optional>
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
      if (const auto kept = choose(section)) append(*kept, kept->data() != section.text.data());
      append_theirs_after(section.key);
    }
    return std::move(out_);
  }

 private:
  /// Nothing: they deleted what we had left alone.
  std::optional<std::string_view> choose(const Section& ours) const {
    const Section* theirs = theirs_.find(ours.key);
    const Section* base = base_.find(ours.key);
    const bool we_changed = !same_text(&ours, base);
    if (theirs == nullptr) {
      return base != nullptr && !we_changed ? std::nullopt : std::optional(ours.text);
    }
    if (same_text(theirs, base) || same_text(theirs, &ours)) return ours.text;
    if (we_changed) log::info("card_section_conflict", {{"heading", ours.heading}});
    return theirs->text;
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
