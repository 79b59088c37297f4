#include "push/pushed_card.h"

#include "base/read_if_there.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/sha256.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

std::multiset<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::multiset<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.insert(line);
  }
  return lines;
}

std::ptrdiff_t lines_in_both(const std::string& a, const std::string& b) {
  std::multiset<std::string> both;
  const auto of_a = lines_of(a);
  const auto of_b = lines_of(b);
  std::set_intersection(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(),
                        std::inserter(both, both.end()));
  return std::ssize(both);
}

/// People may have edited it since, so that no card is the Hub's to the letter.
bool is_made_of(const std::string& on_hub, const std::string& sent,
                const std::optional<std::string>& before) {
  if (on_hub == sent) return true;
  if (on_hub == before) return false;
  const std::ptrdiff_t common = lines_in_both(on_hub, sent);
  if (before) return common > lines_in_both(on_hub, *before);
  return 2 * common > std::ssize(lines_of(sent));
}

void remove_file(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  if (error) throw_file_error("remove", file, error.value());
}

}  // namespace

PushedCard::PushedCard(const PushJournal& journal, const std::string& place) {
  constexpr std::size_t kEnoughDigits = 16;
  const std::string name = sha256_hex(place).substr(0, kEnoughDigits);
  const fs::path folder = journal.folder().parent_path() / "pushed-cards";
  last_ = folder / (name + ".md");
  sending_ = folder / (name + ".sending.md");
}

void PushedCard::settle(const std::optional<std::string>& on_hub) const {
  const auto sent = read_file_if_there(sending_);
  if (!sent) return;
  if (on_hub && is_made_of(*on_hub, *sent, last())) {
    note_arrived();
  } else {
    remove_file(sending_);
  }
}

bool PushedCard::is_ours(const std::optional<std::string>& on_hub) const {
  return on_hub && (on_hub == last() || on_hub == read_file_if_there(sending_));
}

std::optional<std::string> PushedCard::last() const { return read_file_if_there(last_); }

void PushedCard::note_sending(const std::string& card) const {
  write_file_atomically(sending_, card);
}

void PushedCard::note_arrived() const {
  std::error_code error;
  fs::rename(sending_, last_, error);
  if (error) throw_file_error("rename", sending_, error.value());
}

void PushedCard::note(const std::string& card) const {
  write_file_atomically(last_, card);
  remove_file(sending_);
}

}  // namespace torchhub
