#include "torchhub/callbacks/report_to.h"

#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using Names = std::vector<std::string>;

Names made_by(const Names& report_to) {
  Names names;
  for (const auto& callback : make_loggers(report_to, {.output_dir = "unused"})) {
    names.push_back(callback->name());
  }
  return names;
}

TEST(MakeLoggers, MakesEachLoggerOnceInTheOrderAskedFor) {
  EXPECT_EQ(made_by({"csv", "tensorboard", "csv"}),
            (Names{"CsvLogCallback", "TensorBoardCallback"}));
  EXPECT_EQ(made_by({"jsonl"}), Names{"JsonlLogCallback"});
  EXPECT_EQ(made_by({"all"}), (Names{"TensorBoardCallback", "CsvLogCallback", "JsonlLogCallback"}));
  EXPECT_EQ(made_by({"none"}), Names{});
  EXPECT_EQ(made_by({}), Names{});
}

TEST(MakeLoggers, ListsEveryNameThatItCannotServe) {
  EXPECT_EQ(
      testing::message_of<InvalidArgumentError>([] {
        made_by({"tensorboard", "wandb", "none", "tensorbord"});
      }),
      "report_to is not valid:\n"
      "  - 'wandb' is not offered by torchhub: use one of tensorboard, csv, jsonl, all, none, "
      "or give a logger of your own through TrainerOptions::callbacks.\n"
      "  - 'none' stands alone, without other names.\n"
      "  - 'tensorbord' is not known: use one of tensorboard, csv, jsonl, all, none.");
}

TEST(MakeLoggers, KnowsTheNamesOfTransformers) {
  for (const std::string name :
       {"azure_ml", "comet_ml", "mlflow", "neptune", "trackio", "wandb", "codecarbon", "clearml",
        "dagshub", "flyte", "dvclive", "swanlab", "kubeflow"}) {
    const std::string message = testing::message_of<InvalidArgumentError>([&] { made_by({name}); });
    EXPECT_NE(message.find("'" + name + "' is not offered by torchhub"), std::string::npos)
        << message;
  }
}

}  // namespace
}  // namespace torchhub
