#include "torchhub/weights/report.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(LoadReport, SaysNothingIfAllFits) {
  const LoadReport report{.file_of_key = {{"a", "model.safetensors"}}};
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.text(), "");
}

TEST(LoadReport, ListsEachKindOfFaultOnce) {
  LoadReport report;
  report.missing_keys = {"a", "b", "c"};
  report.unexpected_keys = {"z"};
  report.mismatched_keys = {{.name = "fc", .in_file = {10, 2}, .in_model = {}}};
  EXPECT_FALSE(report.complete());
  EXPECT_EQ(report.text(2),
            "3 missing in the file: a, b, ...\n"
            "1 not used by the model: z\n"
            "1 of another shape: fc (file [10, 2], model [])");
}

}  // namespace
}  // namespace torchhub
