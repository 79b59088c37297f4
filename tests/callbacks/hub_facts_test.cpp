#include "callbacks/hub_facts.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(HubFacts, PinTheFirstCommitOfWeightsElseTheNewestKnown) {
  HubFacts facts;
  EXPECT_EQ(facts.commit_with(2), "");
  facts.note_weights(2, "aa");
  facts.note_weights(4, "bb");
  facts.note_weights(2, "cc");  // a second commit of the same weights
  EXPECT_EQ(facts.commit_with(2), "aa");
  EXPECT_EQ(facts.commit_with(4), "bb");
  EXPECT_EQ(facts.commit_with(6), "bb");
}

TEST(HubFacts, TakeWeightsOfAnEarlierProcessForNoStepOfThisRun) {
  HubFacts facts;
  facts.note_newest("left");
  EXPECT_EQ(facts.commit_with(300), "left");
  facts.note_weights(300, "ours");
  EXPECT_EQ(facts.commit_with(300), "ours");
}

TEST(HubFacts, ForgetWhatARunThatBeginsEarlierMakesAnew) {
  HubFacts facts;
  facts.note_weights(2, "aa");
  facts.note_weights(4, "bb");
  facts.forget_after(2);
  facts.note_weights(4, "cc");
  EXPECT_EQ(facts.commit_with(2), "aa");
  EXPECT_EQ(facts.commit_with(4), "cc");
}

TEST(HubFacts, TakeTheLastCommitWhereALoopDoesNotCount) {
  HubFacts facts;
  facts.note_weights(0, "aa");
  facts.note_weights(0, "bb");
  EXPECT_EQ(facts.commit_with(0), "bb");
}

}  // namespace
}  // namespace torchhub
