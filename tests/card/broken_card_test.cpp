// Cards as other programs leave them on the disk.
#include "card/broken_cards.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"
#include "torchhub/card/merge.h"
#include "torchhub/card/model_card.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using testing::message_of;

const std::string kFresh = "---\ntags:\n- a\n---\n\n# net\n\n## Use\n\nMore information needed\n";

TEST(BrokenCard, IsAnErrorThatNamesFilePlaceAndCure) {
  const testing::TempDir dir;
  const auto path = dir.path() / "README.md";
  for (const testing::BrokenCard& broken : testing::broken_cards()) {
    write_file_atomically(path, broken.bytes);
    EXPECT_EQ(message_of<ModelCardError>([&] { ModelCard::load(path); }),
              path.string() + ": " + broken.error)
        << broken.what;
    EXPECT_EQ(read_file(path), broken.bytes) << broken.what;
  }
}

TEST(BrokenCard, IsNeitherMergedNorUnited) {
  for (const testing::BrokenCard& broken : testing::broken_cards()) {
    EXPECT_EQ(
        message_of<ModelCardError>([&] { merge_cards({.fresh = kFresh, .old = broken.bytes}); }),
        broken.error)
        << broken.what;
    EXPECT_EQ(message_of<ModelCardError>(
                  [&] { unite_edits({.ours = kFresh, .theirs = broken.bytes, .base = kFresh}); }),
              broken.error)
        << broken.what;
  }
}

TEST(BrokenCard, ThatWasGeneratedLastIsAsGoodAsNone) {
  const std::string old = "---\nlicense: mit\n---\n\n# net\n\n## Use\n\nMy words.\n";
  const std::string expected = merge_cards({.fresh = kFresh, .old = old});
  for (const testing::BrokenCard& broken : testing::broken_cards()) {
    EXPECT_EQ(merge_cards({.fresh = kFresh, .old = old, .base = broken.bytes}), expected)
        << broken.what;
  }
}

TEST(OddCard, IsLoadedByteForByteAndKeepsItsBytesInEveryEdit) {
  const testing::TempDir dir;
  const auto path = dir.path() / "README.md";
  for (const testing::OddCard& odd : testing::odd_cards()) {
    write_file_atomically(path, odd.card);
    ModelCard card = ModelCard::load(path);
    EXPECT_EQ(card.text(), odd.card) << odd.what;
    card.set("library_name", "torchhub");
    EXPECT_NE(card.text().find(odd.bytes), std::string::npos) << odd.what;
    EXPECT_EQ(ModelCard(card.text()).metadata()["library_name"], "torchhub") << odd.what;
    const std::string merged = merge_cards({.fresh = kFresh, .old = odd.card});
    EXPECT_NE(merged.find(odd.bytes), std::string::npos) << odd.what;
    EXPECT_EQ(ModelCard(merged).words("tags"), std::vector<std::string>{"a"}) << odd.what;
    const std::string united = unite_edits(
        {.ours = kFresh, .theirs = odd.card, .base = "---\ntags:\n- a\n---\n\n# net\n"});
    EXPECT_NE(united.find(odd.bytes.substr(odd.bytes.find_first_not_of('\n'))), std::string::npos)
        << odd.what << united;
  }
}

TEST(OddCard, LosesItsByteOrderMarkWhereAFrontMatterIsPutBeforeIt) {
  const std::string mark = "\xEF\xBB\xBF";
  ModelCard card(mark + "# Mine\n");
  card.set("license", "mit");
  EXPECT_EQ(card.text(), "---\nlicense: mit\n---\n\n# Mine\n");
  const std::string merged = merge_cards({.fresh = kFresh, .old = mark + "# Mine\n"});
  EXPECT_EQ(merged.find(mark), std::string::npos) << merged;
}

}  // namespace
}  // namespace torchhub
