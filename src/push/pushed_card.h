#pragma once

#include "torchhub/push/journal.h"

#include <filesystem>
#include <optional>
#include <string>

namespace torchhub {

/// README.md as the last push of a folder to one place had it before people's words were merged in:
/// by it the next push tells their words from ours. A push whose end nobody saw may have arrived:
/// settle() finds out. Pusher's thread.
class PushedCard {
 public:
  /// @param place PushJob::place()
  PushedCard(const PushJournal& journal, const std::string& place);

  /// What became of a card whose push was cut off? Where the Hub's card is made of it, it arrived.
  /// @throws FileError
  void settle(const std::optional<std::string>& on_hub) const;
  /// Is that a card of ours to the letter: the last one, or that of a push that was cut off? Writes
  /// nothing. @throws FileError
  bool is_ours(const std::optional<std::string>& on_hub) const;
  /// Nothing if no push is known. @throws FileError
  std::optional<std::string> last() const;

  /// Before the commit. @throws FileError, DiskFullError
  void note_sending(const std::string& card) const;
  /// After it, and before the push is noted. @throws FileError
  void note_arrived() const;
  /// It is on the Hub, whoever put it there. @throws FileError, DiskFullError
  void note(const std::string& card) const;

 private:
  std::filesystem::path last_;
  std::filesystem::path sending_;
};

}  // namespace torchhub
