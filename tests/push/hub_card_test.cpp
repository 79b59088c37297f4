#include "push/hub_card.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

const std::string kOurs = "---\nlicense: mit\n---\n# net\n\n## Model description\n\nFresh.\n";

TEST(HubCard, IsOursWhereTheHubHasNoneOrWhatWePushedLast) {
  const std::string last = "# net\n\nOlder.\n";
  for (const std::optional<std::string>& on_hub :
       {std::optional<std::string>(), std::optional(last), std::optional(kOurs)}) {
    const CardToPush card = merged_with_hub(kOurs, on_hub, last, {});
    EXPECT_EQ(card.text, kOurs);
    EXPECT_FALSE(card.is_merged);
  }
}

TEST(HubCard, LetsKeysThatTheCallerGaveWinOnly) {
  const std::string on_hub = "---\nlicense: apache-2.0\n---\n# net\n";
  EXPECT_NE(merged_with_hub(kOurs, on_hub, {}, {}).text->find("license: apache-2.0"),
            std::string::npos);
  EXPECT_NE(merged_with_hub(kOurs, on_hub, {}, {"license"}).text->find("license: mit"),
            std::string::npos);
}

TEST(HubCard, KeepsASectionThatPeopleChangedThere) {
  const std::string last = "# net\n\n## Model description\n\nStale.\n";
  const std::string on_hub = "# net\n\n## Model description\n\nTheir words.\n";
  const CardToPush card = merged_with_hub(kOurs, on_hub, last, {});
  EXPECT_TRUE(card.is_merged);
  EXPECT_NE(card.text->find("Their words."), std::string::npos) << *card.text;
  EXPECT_EQ(card.text->find("Fresh."), std::string::npos) << *card.text;
}

TEST(HubCard, HasWhatWasEditedHereAndThere) {
  const std::string last = "---\nlicense: mit\n---\n# net\n\n## A\n\na\n\n## B\n\nb\n";
  const std::string here = "---\nlicense: isc\n---\n# net\n\n## B\n\nb\n";
  const std::string there = "---\nlicense: mit\n---\n# net\n\n## A\n\na\n\n## B\n\nbetter\n";
  EXPECT_EQ(merged_with_hub(here, there, last, {}).text,
            "---\nlicense: isc\n---\n# net\n\n## B\n\nbetter\n");
  EXPECT_EQ(merged_with_hub(last, "---\nlicense: zlib\n---\n# net\n", last, {"license"}).text,
            "---\nlicense: mit\n---\n# net\n");
}

TEST(HubCard, LeavesACardThatCannotBeReadToTheHub) {
  const CardToPush card = merged_with_hub(kOurs, "---\ntags: [\n---\n# broken\n", {}, {});
  EXPECT_FALSE(card.text.has_value());
  EXPECT_NE(card.problem.find("that of the Hub cannot be read"), std::string::npos) << card.problem;
}

}  // namespace
}  // namespace torchhub
