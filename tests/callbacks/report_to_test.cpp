#include "torchhub/callbacks/report_to.h"

#include "callbacks/run_event.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
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
  EXPECT_EQ(made_by({"all"}), (Names{"TensorBoardCallback", "CsvLogCallback", "JsonlLogCallback",
                                     "TrainingPlotCallback"}));
  EXPECT_EQ(made_by({"none"}), Names{});
  EXPECT_EQ(made_by({}), Names{});
}

TEST(MakeLoggers, DrawsThePictureIntoOutputDir) {
  const testing::TempDir folder;
  testing::TestRun run;
  run.state.log_history = {{{"loss", 1.0}, {"step", std::int64_t{1}}},
                           {{"loss", 0.5}, {"step", std::int64_t{2}}}};
  const auto svg = make_loggers({"svg"}, {.output_dir = folder.path(), .run_name = "first try"});
  ASSERT_EQ(svg.size(), 1U);
  svg[0]->on_save(run.at(2), folder / "checkpoint-2");
  EXPECT_NE(read_file(folder / "training.svg").find("first try"), std::string::npos);
}

TEST(MakeLoggers, ListsEveryNameThatItCannotServe) {
  EXPECT_EQ(
      testing::message_of<InvalidArgumentError>([] {
        made_by({"tensorboard", "wandb", "none", "tensorbord"});
      }),
      "report_to is not valid:\n"
      "  - 'wandb' is not offered by torchhub: use one of tensorboard, csv, jsonl, svg, all, none, "
      "or give a logger of your own through TrainerOptions::callbacks.\n"
      "  - 'none' stands alone, without other names.\n"
      "  - 'tensorbord' is not known: use one of tensorboard, csv, jsonl, svg, all, none.");
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
