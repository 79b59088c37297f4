#include "torchhub/push/card_sync.h"

#include "card/broken_cards.h"
#include "push/generated_card.h"
#include "support/everything_in.h"
#include "support/logged_lines.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::TempDir;

/// A card as training makes one, with one result.
std::string generated(const std::string& accuracy) {
  return "---\ntags:\n- generated_from_trainer\n---\n\n# net\n\n"
         "This model was trained from scratch on an unknown dataset.\n"
         "It achieves the following results on the evaluation set:\n- Accuracy: " +
         accuracy + "\n\n## Model description\n\nMore information needed\n";
}

void replace(const std::filesystem::path& file, const std::string& from, const std::string& to) {
  std::string text = read_file(file);
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  write_file_atomically(file, text.replace(at, from.size(), to));
}

TEST(CardSync, WritesAFirstCardAsItIs) {
  const TempDir folder;
  const CardSync sync(folder.path());
  EXPECT_FALSE(sync.has_card());
  EXPECT_EQ(sync.problem(), std::nullopt);
  EXPECT_EQ(sync.refresh(generated("0.5")), generated("0.5"));
  EXPECT_EQ(read_file(folder / "README.md"), generated("0.5"));
}

TEST(CardSync, KeepsTheUsersWordsAndRefreshesTheResults) {
  const TempDir folder;
  const CardSync sync(folder.path());
  sync.refresh(generated("0.5"));
  replace(folder / "README.md", "More information needed", "A net for shirts.");
  const std::string card = sync.refresh(generated("0.9")).value();
  EXPECT_NE(card.find("A net for shirts."), std::string::npos) << card;
  EXPECT_NE(card.find("Accuracy: 0.9"), std::string::npos) << card;
  EXPECT_EQ(card.find("Accuracy: 0.5"), std::string::npos) << card;
  EXPECT_EQ(read_file(folder / "README.md"), card);
}

TEST(CardSync, LeavesACardWhoseFrontMatterItCannotRead) {
  const TempDir folder;
  const std::string broken = "---\ntags: [\n---\n# Mine\n";
  write_file_atomically(folder / "README.md", broken);
  EXPECT_NE(CardSync(folder.path()).problem(), std::nullopt);
  EXPECT_EQ(CardSync(folder.path(), CardMode::overwrite).problem(), std::nullopt);
  EXPECT_EQ(CardSync(folder.path()).refresh(generated("0.5")), std::nullopt);
  EXPECT_EQ(read_file(folder / "README.md"), broken);
}

TEST(CardSync, LeavesEveryBrokenCardAsItIsAndSaysWhatIsWrong) {
  for (const CardMode mode : {CardMode::merge, CardMode::keep}) {
    for (const testing::BrokenCard& broken : testing::broken_cards()) {
      const TempDir folder;
      write_file_atomically(folder / "README.md", broken.bytes);
      const auto before = testing::everything_in(folder.path());
      const CardSync sync(folder.path(), mode);
      EXPECT_TRUE(sync.problem().has_value()) << broken.what;
      const testing::LoggedLines lines(log::Level::warning);
      EXPECT_EQ(sync.refresh(generated("0.5")), std::nullopt) << broken.what;
      EXPECT_EQ(testing::everything_in(folder.path()), before) << broken.what;
      EXPECT_EQ(lines.count("card_not_pushed"), 1) << broken.what;
      EXPECT_EQ(lines.count("README.md: " + broken.error.substr(0, 40)), 1) << broken.what;
    }
  }
}

TEST(CardSync, KeepsTheOddBytesOfACard) {
  for (const testing::OddCard& odd : testing::odd_cards()) {
    const TempDir folder;
    write_file_atomically(folder / "README.md", odd.card);
    const CardSync sync(folder.path());
    for (const char* accuracy : {"0.5", "0.75"}) {
      const std::string card = sync.refresh(generated(accuracy)).value();
      EXPECT_NE(card.find(odd.bytes), std::string::npos) << odd.what;
      EXPECT_EQ(read_file(folder / "README.md"), card) << odd.what;
    }
  }
}

TEST(CardSync, GoesOnWithoutACardThatItGeneratedAndTheDiskLost) {
  for (const testing::BrokenCard& broken : testing::broken_cards()) {
    const TempDir folder;
    const CardSync sync(folder.path());
    sync.refresh(generated("0.5"));
    replace(folder / "README.md", "More information needed", "A net for shirts.");
    write_file_atomically(folder / "_torchhub/generated-card.json", broken.bytes);
    const std::string card = sync.refresh(generated("0.9")).value();
    EXPECT_NE(card.find("A net for shirts."), std::string::npos) << broken.what << card;
    EXPECT_NE(card.find("Accuracy: 0.9"), std::string::npos) << broken.what << card;
    EXPECT_EQ(GeneratedCard(folder.path()).behind(card), generated("0.9")) << broken.what;
  }
}

TEST(CardSync, BeginsWithACardFromElsewhere) {
  const TempDir folder;
  const CardSync sync(folder.path());
  sync.adopt("# net\n\n## Notes\n\nWritten on the Hub.\n");
  EXPECT_TRUE(sync.has_card());
  EXPECT_NE(sync.refresh(generated("0.5"))->find("Written on the Hub."), std::string::npos);
}

TEST(CardSync, LetsOnlyKeysThatAreNamedWinAgainstTheUsers) {
  const TempDir folder;
  const CardSync sync(folder.path());
  sync.adopt("---\nlicense: mit\n---\n# net\n");
  const std::string fresh = "---\nlicense: apache-2.0\n---\n# net\n";
  EXPECT_NE(sync.refresh(fresh)->find("license: mit"), std::string::npos);
  EXPECT_NE(sync.refresh(fresh, {"license"})->find("license: apache-2.0"), std::string::npos);
}

TEST(CardSync, LeavesACardThatSomebodyWroteWhereItKeepsCards) {
  const TempDir folder;
  const CardSync sync(folder.path(), CardMode::keep);
  EXPECT_EQ(sync.refresh(generated("0.5")), generated("0.5"));
  EXPECT_EQ(sync.refresh(generated("0.7")), generated("0.7")) << "nobody has written into it";
  replace(folder / "README.md", "More information needed", "A net for shirts.");
  const std::string written = read_file(folder / "README.md");
  EXPECT_EQ(sync.refresh(generated("0.9")), written);
  EXPECT_EQ(read_file(folder / "README.md"), written);
}

TEST(CardSync, ReplacesEveryCardWhereItIsToOverwrite) {
  const TempDir folder;
  const CardSync sync(folder.path(), CardMode::overwrite);
  for (const char* there : {"# Mine\n", "---\ntags: [\n---\n# Mine\n"}) {
    write_file_atomically(folder / "README.md", there);
    EXPECT_EQ(sync.refresh(generated("0.5")), generated("0.5"));
    EXPECT_EQ(read_file(folder / "README.md"), generated("0.5"));
  }
}

/// What only a machine wrote, in a section that is not always refreshed.
std::string counted(int step) {
  return "# net\n\n## Progress\n\nAfter update " + std::to_string(step) + ".\n";
}

TEST(CardSync, DoesNotTakeItsOwnWordsForAUsersAfterAKillBeforeTheCardWasWritten) {
  const TempDir folder;
  const CardSync sync(folder.path());
  sync.refresh(counted(2));
  const std::string before = read_file(folder / "README.md");
  sync.refresh(counted(4));
  write_file_atomically(folder / "README.md", before);  // killed between its two files
  EXPECT_EQ(sync.refresh(counted(6)), counted(6));
  EXPECT_EQ(sync.refresh(counted(8)), counted(8));
}

TEST(CardSync, KnowsAUsersWordsThatCameAfterSuchAKill) {
  const TempDir folder;
  const CardSync sync(folder.path());
  sync.refresh(counted(2));
  const std::string before = read_file(folder / "README.md");
  sync.refresh(counted(4));
  write_file_atomically(folder / "README.md", before);
  sync.refresh(counted(6));
  replace(folder / "README.md", "After update 6.", "Enough.");
  EXPECT_NE(sync.refresh(counted(8))->find("Enough."), std::string::npos);
}

}  // namespace
}  // namespace torchhub
