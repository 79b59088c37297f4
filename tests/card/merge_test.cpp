#include "torchhub/card/merge.h"

#include "card/part_of_text.h"
#include "torchhub/base/error.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"
#include "torchhub/card/model_card.h"
#include "torchhub/card/training_card.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;
using testing::has;
using testing::replaced;

ordered_json log_until(int step, double accuracy) {
  return {{{"loss", 0.5}, {"step", step}, {"epoch", 1.0}},
          {{"eval_loss", 0.25}, {"eval_accuracy", accuracy}, {"epoch", 1.0}, {"step", step}}};
}

std::string card_at(int step, double accuracy) {
  TrainingCard card{.model_name = "resnet", .tasks = {"image-classification"}};
  card.datasets = {{.name = "Fashion", .id = "ana/fashion"}};
  card.hyperparameters = {{"seed", std::to_string(step)}};
  card.framework_versions = {{"torchhub", "0.1.0"}};
  return render(card, log_until(step, accuracy));
}

TEST(MergeCards, WhatNobodyTouchedBecomesTheFreshCard) {
  const std::string old = card_at(100, 0.5);
  const std::string fresh = card_at(200, 0.75);
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = old, .base = old}), fresh);
}

TEST(MergeCards, KeepsTheSectionThatTheUserWroteAndRefreshesTheRest) {
  const std::string base = card_at(100, 0.5);
  const std::string fresh = card_at(200, 0.75);
  const std::string words = "## Model description\n\nA ResNet for *shoes*.\n";
  const std::string placeholder = "## Model description\n\nMore information needed\n";
  const std::string old = replaced(base, placeholder, words);
  const std::string expected = replaced(fresh, placeholder, words);
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = old, .base = base}), expected);
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = old}), expected);  // our last card is lost
}

TEST(MergeCards, KeepsAMachineSectionThatTheUserChanged) {
  const std::string base = card_at(100, 0.5);
  const std::string old = replaced(base, "- seed: 100", "- seed: 100 (chosen by dice)");
  const std::string merged = merge_cards({.fresh = card_at(200, 0.75), .old = old, .base = base});
  EXPECT_TRUE(has(merged, "- seed: 100 (chosen by dice)"));
  EXPECT_TRUE(has(merged, "| 200  |"));
}

TEST(MergeCards, RefreshesTheResultsAmidTheUsersWords) {
  const std::string base = card_at(100, 0.5);
  const std::string old =
      replaced(replaced(base, "# resnet\n", "# ResNet of Ana\n\nBest so far.\n"),
               "- Accuracy: 0.5\n", "- Accuracy: 0.5\n\nNot bad.\n");
  for (const auto& known :
       {std::optional<std::string_view>(base), std::optional<std::string_view>()}) {
    const std::string merged =
        merge_cards({.fresh = card_at(200, 0.75), .old = old, .base = known});
    EXPECT_TRUE(has(merged,
                    "# ResNet of Ana\n\nBest so far.\n\nThis model was trained from scratch on the "
                    "Fashion dataset.\nIt achieves the following results on the evaluation set:\n"
                    "- Loss: 0.25\n- Accuracy: 0.75\n\nNot bad.\n"))
        << merged;
  }
}

TEST(MergeCards, TakesTheProgressBackAmidTheUsersWords) {
  const std::string done = card_at(200, 0.75);
  const std::string origin = "This model was trained from scratch on the Fashion dataset.\n";
  const std::string base = replaced(
      card_at(100, 0.5), origin,
      origin + "Training is in progress: these are the weights after update 100 of 200.\n");
  ASSERT_TRUE(says_in_progress(base));
  const std::string words = "# resnet\n\nMade with love.\n\n";
  const std::string old = replaced(base, "# resnet\n\n", words);
  const std::string expected = replaced(done, "# resnet\n\n", words);
  EXPECT_EQ(merge_cards({.fresh = done, .old = old, .base = base}), expected);
  EXPECT_EQ(unite_edits({.ours = done, .theirs = old, .base = base}), expected);
}

TEST(MergeCards, KeepsTheUsersOwnSectionsInTheirPlace) {
  const std::string base = card_at(100, 0.5);
  const std::string own = "## How to use\n```\n# no heading\nrun it\n```\n\n";
  const std::string heading = "## Intended uses & limitations";
  const std::string old = replaced(base, heading, own + heading);
  const std::string fresh = card_at(200, 0.75);
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = old, .base = base}),
            replaced(fresh, heading, own + heading));
}

TEST(MergeCards, WhatTheUserDeletedStaysAway) {
  const std::string base = card_at(100, 0.5);
  std::string old = replaced(base, "## Model description\n\nMore information needed\n\n", "");
  old = replaced(old, std::string(kGeneratedCardComment) + "\n\n", "");
  const std::string merged = merge_cards({.fresh = card_at(200, 0.75), .old = old, .base = base});
  EXPECT_FALSE(has(merged, "Model description"));
  EXPECT_FALSE(has(merged, "generated automatically"));
  EXPECT_TRUE(has(merged, "- Accuracy: 0.75"));
}

TEST(MergeCards, AddsOnlyFactsToACardThatWeDidNotMake) {
  const std::string old = "# My model\n\nIt works.\n\n## License\nMIT";
  const std::string merged = merge_cards({.fresh = card_at(200, 0.75), .old = old});
  EXPECT_TRUE(has(merged,
                  "---\n\n# My model\n\nIt works.\n\n## License\nMIT\n\n"
                  "## Training procedure\n\n### Training hyperparameters\n"))
      << merged;
  EXPECT_FALSE(has(merged, "More information needed"));
  EXPECT_EQ(ModelCard(merged).metadata()["library_name"], "torchhub");
}

TEST(MergeCards, ASectionThatIsNewGoesWhereItBelongs) {
  TrainingCard before{.model_name = "resnet"};
  before.framework_versions = {{"torchhub", "0.1.0"}};
  const std::string base = render(before, ordered_json::array());  // nothing trained yet
  const std::string fresh = card_at(200, 0.75);
  const std::string merged = merge_cards({.fresh = fresh, .old = base, .base = base});
  EXPECT_EQ(split_card(merged).body, split_card(fresh).body);
}

TEST(MergeCards, RefreshesThePinOfHowToUseUnlessTheUserChangedIt) {
  const auto pinned_at = [](const std::string& revision) {
    TrainingCard card{.model_name = "resnet"};
    card.how_to_use = {.repo_id = "ana/resnet", .revision = revision};
    return render(card, ordered_json::array());
  };
  const std::string fresh = pinned_at("0123abc");
  for (const std::string& old : {pinned_at(""), pinned_at("4567def")}) {
    EXPECT_EQ(merge_cards({.fresh = fresh, .old = old, .base = old}), fresh);
    EXPECT_EQ(merge_cards({.fresh = fresh, .old = old}), fresh);  // our last card is lost
    const std::string edited = replaced(old, "auto model", "const auto model");
    EXPECT_EQ(merge_cards({.fresh = fresh, .old = edited, .base = old}), edited);
    EXPECT_EQ(merge_cards({.fresh = fresh, .old = edited}), edited);
  }
}

TEST(MergeCards, UnitesListsAndLetsTheUsersWordsWin) {
  const std::string fresh =
      "---\nlibrary_name: torchhub\nlicense: mit\ntags:\n- a\n- b\ndatasets:\n- x\n---\n# t\n";
  const std::string old =
      "---\n# mine\nlicense: apache-2.0\ntags: [c, b]  # ours\nversion: 1.10\n---\n# t\n";
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = old}),
            "---\n# mine\nlicense: apache-2.0\ntags:\n- c\n- b\n- a\nversion: 1.10\n"
            "library_name: torchhub\ndatasets:\n- x\n---\n# t\n");
  EXPECT_TRUE(has(merge_cards({.fresh = fresh, .old = old, .explicit_keys = {"license"}}),
                  "license: mit\n"));
}

TEST(MergeCards, WhatTheUserTookOutOfTheMetadataStaysAway) {
  const std::string base =
      "---\nlibrary_name: torchhub\nlicense: mit\ntags:\n- a\n- b\nmetrics:\n- f1\n---\n# t\n";
  const std::string old = "---\nlibrary_name: torchhub\ntags:\n- a\n---\n# t\n";
  const std::string fresh =
      "---\nlibrary_name: torchhub\nlicense: mit\ntags:\n- a\n- b\n- c\nmetrics:\n- f1\n"
      "datasets:\n- d\n---\n# t\n";
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = old, .base = base}),
            "---\nlibrary_name: torchhub\ntags:\n- a\n- c\ndatasets:\n- d\n---\n# t\n");
  EXPECT_TRUE(
      has(merge_cards({.fresh = fresh, .old = old, .base = base, .explicit_keys = {"license"}}),
          "license: mit\n"));
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = "# t\n", .base = fresh}), "# t\n");
}

TEST(MergeCards, AKeyThatNobodyTouchedFollowsUnlessAUserChoosesIt) {
  const auto card = [](const std::string& grams, const std::string& license) {
    return "---\nco2_eq_emissions:\n  emissions: " + grams + "\nlicense: " + license +
           "\n---\n# t\n";
  };
  const std::string base = card("1.5", "mit");
  const std::string fresh = card("2.5", "apache-2.0");
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = base, .base = base}), card("2.5", "mit"));
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = card("9", "mit"), .base = base}), card("9", "mit"));
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = base}), base);
}

TEST(MergeCards, AResultThatTheUserChangedOrDeletedStaysSo) {
  const std::string base = card_at(100, 0.5);
  const std::string changed = replaced(base, "      value: 0.5\n", "      value: 0.625\n");
  const ModelCard kept(merge_cards({.fresh = card_at(200, 0.75), .old = changed, .base = base}));
  EXPECT_EQ(kept.eval_results().results.at(0).metric_value, 0.625);
  ModelCard without(base);
  without.set("model-index", {{{"name", "resnet"}, {"results", ordered_json::array()}}});
  const ModelCard gone(
      merge_cards({.fresh = card_at(200, 0.75), .old = without.text(), .base = base}));
  EXPECT_TRUE(gone.eval_results().results.empty());
}

TEST(MergeCards, RefusesACardWhoseMetadataIsHidden) {
  const std::string fresh = card_at(200, 0.75);
  EXPECT_THROW(merge_cards({.fresh = fresh, .old = "---\nlicense: mit\n# T\n"}), ModelCardError);
}

TEST(MergeCards, KeepsTheLibraryAndSectionsOfAnAdapter) {
  const std::string old =
      "---\nlibrary_name: peft\nbase_model: ana/base\n---\n# Adapter\n\n"
      "### Framework versions\n\n- PEFT 0.17\n\n## Adapter\n\nRank 8.\n";
  const ModelCard merged(merge_cards({.fresh = card_at(200, 0.75), .old = old}));
  EXPECT_EQ(merged.metadata()["library_name"], "peft");
  const std::string named = "---\nlibrary_name: transformers\n---\n# Adapter\n";
  const std::vector<std::string> keys{"library_name"};
  EXPECT_TRUE(has(merge_cards({.fresh = named, .old = old, .explicit_keys = keys}),
                  "library_name: peft\n"));
  EXPECT_TRUE(has(unite_edits({.ours = named, .theirs = old, .base = {}, .explicit_keys = keys}),
                  "library_name: peft\n"));
  EXPECT_TRUE(has(merged.text(), "## Adapter\n\nRank 8.\n"));
  EXPECT_TRUE(has(merged.text(), "### Framework versions\n\n- PEFT 0.17\n- torchhub 0.1.0\n"));
}

TEST(MergeCards, KeepsTheVersionThatTheAdapterLibraryWroteIntoOurCard) {
  const std::string base = replaced(card_at(100, 0.5), "torchhub 0.1.0", "torchhub 0.0.9");
  const std::string old = replaced(base, "- torchhub 0.0.9", "- PEFT 0.17\n- torchhub 0.0.9");
  const std::string fresh = card_at(200, 0.75);
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = old, .base = base}),
            replaced(fresh, "- torchhub 0.1.0", "- PEFT 0.17\n- torchhub 0.1.0"));
}

TEST(UniteEdits, TakesWhatEachSideChanged) {
  const std::string base = card_at(100, 0.5);
  const std::string described = replaced(base, "## Model description\n\nMore information needed",
                                         "## Model description\n\nA net.");
  const std::string licensed = replaced(base, "tags:", "license: mit\ntags:");
  const std::string both = unite_edits({.ours = described, .theirs = licensed, .base = base});
  EXPECT_EQ(split_card(both).body, split_card(described).body);
  EXPECT_EQ(ModelCard(both).metadata()["license"], "mit");
  EXPECT_EQ(split_card(unite_edits({.ours = licensed, .theirs = described, .base = base})).body,
            split_card(described).body);
  EXPECT_EQ(unite_edits({.ours = base, .theirs = base, .base = base}), base);
}

TEST(UniteEdits, TheirWordsStayWhereBothWrote) {
  const std::string base = "---\nlicense: mit\ntags:\n- a\n---\n# t\n\n## A\n\nold\n\n## B\n\nb\n";
  const std::string ours =
      "---\nlicense: isc\ntags:\n- a\n- ours\n---\n# t\n\n## A\n\nours\n\n## B\n\nb\n\n## C\n\nc\n";
  const std::string theirs =
      "---\nlicense: zlib\ntags:\n- a\n- theirs\n---\n# t\n\n## A\n\ntheirs\n\n## D\n\nd\n";
  EXPECT_EQ(unite_edits({.ours = ours, .theirs = theirs, .base = base}),
            "---\nlicense: zlib\ntags:\n- a\n- theirs\n- ours\n---\n# t\n\n## A\n\ntheirs\n\n"
            "## D\n\nd\n\n## C\n\nc\n");
}

TEST(UniteEdits, WhatOneDeletedAndTheOtherChangedIsKept) {
  const std::string base = "# t\n\n## A\n\na\n\n## B\n\nb\n";
  const std::string without_a = "# t\n\n## B\n\nb\n";
  const std::string changed_a = "# t\n\n## A\n\nnew\n\n## B\n\nb\n";
  EXPECT_EQ(unite_edits({.ours = without_a, .theirs = changed_a, .base = base}), changed_a);
  EXPECT_EQ(unite_edits({.ours = changed_a, .theirs = without_a, .base = base}), changed_a);
  EXPECT_EQ(unite_edits({.ours = base, .theirs = without_a, .base = base}), without_a);
  EXPECT_EQ(unite_edits({.ours = without_a, .theirs = base, .base = base}), without_a);
}

TEST(UniteEdits, LeaveOutCodeThatPeopleDeletedThoughItsPinHasMoved) {
  const auto card = [](const std::string& commit) {
    return "# t\n\n## A\n\na\n\n## How to use\n\n" +
           how_to_use({.repo_id = "demo/net", .revision = commit});
  };
  const std::string deleted = "# t\n\n## A\n\na\n";
  EXPECT_EQ(unite_edits({.ours = card("1234"), .theirs = deleted, .base = card("abcd")}), deleted);
}

TEST(UniteEdits, RefreshesWhatTheMachineWroteInTheMidstOfTheirWords) {
  const std::string base = card_at(100, 0.5);
  const std::string ours = card_at(200, 0.75);
  const std::string theirs =
      replaced(replaced(base, "\n## Model description", "\nMy best yet.\n\n## Model description"),
               "- torchhub 0.1.0", "- torchhub 0.1.0, patched");
  const std::string merged = unite_edits({.ours = ours, .theirs = theirs, .base = base});
  EXPECT_TRUE(has(merged, "- Accuracy: 0.75\n\nMy best yet.\n")) << merged;
  EXPECT_TRUE(has(merged, "- seed: 200\n"));
  EXPECT_TRUE(has(merged, "- torchhub 0.1.0, patched\n"));
  EXPECT_EQ(ModelCard(merged).eval_results().results[0].metric_value, 0.75);
}

TEST(UniteEdits, WhatTheyTookAwayFromTheMachineStaysAway) {
  const std::string base = card_at(100, 0.5);
  const std::string theirs_body = std::string(split_card(base).body);
  const std::size_t results = theirs_body.find("### Training results");
  const std::string theirs =
      "---\nlibrary_name: torchhub\n---\n" +
      std::string(theirs_body).erase(results, theirs_body.find("### Framework") - results);
  const std::string merged =
      unite_edits({.ours = card_at(200, 0.75), .theirs = theirs, .base = base});
  EXPECT_FALSE(has(merged, "### Training results")) << merged;
  EXPECT_FALSE(has(merged, "model-index")) << merged;
  EXPECT_TRUE(has(merged, "- seed: 200\n"));
}

TEST(UniteEdits, OurEditsReachTheirCardAndKeepItsComments) {
  const std::string base = "---\nlicense: mit\nlanguage: en\n---\n# t\n\n## A\n\na\n\n## B\n\nb\n";
  const std::string ours = "---\nlicense: isc\n---\n# t\n\n## A\n\na\n";
  const std::string theirs =
      "---\nlicense: mit  # asked\nlanguage: en\nthumbnail: a.png # new\n---\n"
      "# t\n\n## A\n\na, indeed\n\n## B\n\nb\n";
  EXPECT_EQ(unite_edits({.ours = ours, .theirs = theirs, .base = base}),
            "---\nlicense: isc\nthumbnail: a.png # new\n---\n# t\n\n## A\n\na, indeed\n");
}

TEST(UniteEdits, LetsExplicitKeysWin) {
  const std::string base = "---\nlicense: mit\n---\n# t\n";
  const std::string theirs = "---\nlicense: isc\n---\n# t\n";
  EXPECT_EQ(unite_edits({.ours = base, .theirs = theirs, .base = base}), theirs);
  EXPECT_EQ(
      unite_edits({.ours = base, .theirs = theirs, .base = base, .explicit_keys = {"license"}}),
      base);
}

TEST(UniteEdits, NoTextBecomesFrontMatterByAccident) {
  try {
    unite_edits({.ours = "---\nWords.\n## A\n",
                 .theirs = "Old.\n## A\n---\nmore\n",
                 .base = "Old.\n## A\n"});
    FAIL() << "their line of dashes closed ours";
  } catch (const ModelCardError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "The text of the model card begins with a line '---' and would be taken for its front "
        "matter. Put a heading above that line.");
  }
}

TEST(UniteEdits, KeepsOurLineBreaks) {
  EXPECT_EQ(unite_edits({.ours = "# t\r\n\r\n## A\r\n",
                         .theirs = "# t\n\n## A\n\nnew\n",
                         .base = "# t\n\n## A\n"}),
            "# t\r\n\r\n## A\r\n\r\nnew\r\n");
  EXPECT_EQ(unite_edits({.ours = "---\r\na: 1\r\n---\r\n# t\r\n",
                         .theirs = "---\na: 1\nb: 2\n---\n# t\n",
                         .base = "---\na: 1\n---\n# t\n"}),
            "---\r\na: 1\r\nb: 2\r\n---\r\n# t\r\n");
}

TEST(UniteEdits, NeedsNoMoreThanAMomentForManySections) {
  std::string ours;
  std::string theirs;
  for (int i = 0; i < 50'000; ++i) {
    ours += "# a" + std::to_string(i) + "\n";
    theirs += "# b" + std::to_string(i) + "\n";
  }
  EXPECT_GE(unite_edits({.ours = ours, .theirs = theirs, .base = ""}).size(), ours.size());
}

TEST(MergeCards, UpdatesAndAppendsResultsAndKeepsUnknownStructure) {
  const std::string old = replaced(
      replaced(card_at(100, 0.5), "      value: 0.5\n", "      value: 0.5\n      note: kept\n"),
      "model-index:\n- name: resnet\n  results:\n",
      "model-index:\n- name: resnet\n  results:\n  - task:\n      type: other\n    dataset:\n"
      "      name: D\n      type: d\n    metrics:\n    - type: f1\n      value: 0.125\n");
  const ModelCard merged(merge_cards({.fresh = card_at(200, 0.75), .old = old}));
  const ordered_json& results = merged.metadata()["model-index"][0]["results"];
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0]["metrics"][0]["value"], 0.125);
  EXPECT_EQ(results[1]["metrics"].size(), 1U);
  EXPECT_EQ(results[1]["metrics"][0]["value"], 0.75);
  EXPECT_EQ(results[1]["metrics"][0]["note"], "kept");
}

TEST(MergeCards, KeepsTheLineBreaksOfTheOldCard) {
  const std::string base = card_at(100, 0.5);
  std::string old;
  for (const char c : base) old += c == '\n' ? std::string("\r\n") : std::string(1, c);
  std::string expected;
  for (const char c : card_at(200, 0.75)) {
    expected += c == '\n' ? std::string("\r\n") : std::string(1, c);
  }
  EXPECT_EQ(merge_cards({.fresh = card_at(200, 0.75), .old = old, .base = base}), expected);
}

TEST(MergeCards, MergingTwiceChangesNothingMore) {
  const std::string base = card_at(100, 0.5);
  const std::string fresh = card_at(200, 0.75);
  const std::string old = replaced(base, "More information needed", "My words.");
  const std::string once = merge_cards({.fresh = fresh, .old = old, .base = base});
  EXPECT_EQ(merge_cards({.fresh = fresh, .old = once, .base = fresh}), once);
}

TEST(MergeCards, RefusesAnOldCardThatCannotBeRead) {
  EXPECT_THROW(merge_cards({.fresh = card_at(1, 0.5), .old = "---\n- a\n---\n"}), ModelCardError);
}

TEST(NextCard, GoesByTheMode) {
  const std::string fresh = card_at(200, 0.75);
  EXPECT_EQ(next_card(CardMode::keep, {.fresh = fresh, .old = "mine"}), "mine");
  EXPECT_EQ(next_card(CardMode::overwrite, {.fresh = fresh, .old = "mine"}), fresh);
  EXPECT_TRUE(has(next_card(CardMode::merge, {.fresh = fresh, .old = "mine"}), "mine"));
  for (const CardMode mode : {CardMode::merge, CardMode::overwrite, CardMode::keep}) {
    EXPECT_EQ(next_card(mode, {.fresh = fresh}), fresh);
    EXPECT_EQ(parse_card_mode(to_string(mode)), mode);
  }
  try {
    parse_card_mode("append");
    FAIL();
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(), "'append' is no card mode. Known: merge, overwrite, keep.");
  }
}

}  // namespace
}  // namespace torchhub
