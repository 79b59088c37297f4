#include "base/under_construction.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(UnderConstruction, CoversAFolderAndAllBelowItWhileItLives) {
  EXPECT_FALSE(UnderConstruction::covers("/run/.tmp-a/x"));
  {
    const UnderConstruction folder("/run/.tmp-a");
    EXPECT_TRUE(UnderConstruction::covers("/run/.tmp-a"));
    EXPECT_TRUE(UnderConstruction::covers("/run/.tmp-a/sub/x"));
    EXPECT_FALSE(UnderConstruction::covers("/run/.tmp-ab/x"));
    EXPECT_FALSE(UnderConstruction::covers("/run"));
    EXPECT_FALSE(UnderConstruction::covers("run/.tmp-a/x"));
  }
  EXPECT_FALSE(UnderConstruction::covers("/run/.tmp-a/x"));
}

TEST(UnderConstruction, KnowsTwoOfOneNameApart) {
  const UnderConstruction outer("/run/.tmp-a");
  { const UnderConstruction same("/run/.tmp-a"); }
  EXPECT_TRUE(UnderConstruction::covers("/run/.tmp-a/x"));
}

}  // namespace
}  // namespace torchhub
