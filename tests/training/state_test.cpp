#include "torchhub/training/state.h"

#include "support/golden.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace torchhub {
namespace {

TEST(TrainerState, GivesPythonsFileBackByteForByte) {
  const std::string text = testing::golden("trainer/trainer_state.json");
  EXPECT_EQ(to_json_text(trainer_state_from_json_text(text)), text);
}

// Golden: transformers 5.12.1, TrainerState.save_to_json (tools/make_golden_states.py).
TEST(TrainerState, GivesBackWhateverElsePythonPutsThere) {
  for (const char* name : {"early_stopping", "fresh", "nested", "not_finite", "trial"}) {
    const std::string text = testing::golden(std::string("trainer/states/") + name + ".json");
    EXPECT_EQ(to_json_text(trainer_state_from_json_text(text)), text) << name;
  }
}

TEST(TrainerState, KeepsWholeNumbersThatDoNotFit) {
  const TrainerState state = trainer_state_from_json_text(
      R"({"log_history": [{"bits": 9223372036854775808, "most": 9223372036854775807}]})");
  const std::string text = to_json_text(state);
  EXPECT_NE(text.find("\"bits\": 9223372036854775808,"), std::string::npos) << text;
  EXPECT_NE(text.find("\"most\": 9223372036854775807\n"), std::string::npos) << text;
}

TEST(TrainerState, CanBeWrittenForStrictReaders) {
  const std::string text = testing::golden("trainer/states/not_finite.json");
  const std::string strict =
      to_json_text(trainer_state_from_json_text(text), {.strict_json = true});
  const auto json = nlohmann::json::parse(strict);  // takes no bare words
  EXPECT_TRUE(json.at("best_metric").is_null());
  EXPECT_TRUE(json.at("log_history").at(0).at("loss").is_null());
  EXPECT_TRUE(json.at("log_history").at(0).at("per_class").at(1).is_null());
  EXPECT_EQ(json.at("log_history").at(0).at("step"), 1);
}

TEST(TrainerState, TakesMissingAndUnknownKeysAndBareWords) {
  const TrainerState state = trainer_state_from_json_text(
      R"({"global_step": 3, "epoch": 1, "best_metric": NaN, "new_in_v6": [1],
          "log_history": [{"loss": Infinity, "step": 2, "note": null}]})");
  EXPECT_EQ(state.global_step, 3);
  EXPECT_TRUE(std::isnan(state.best_metric.value()));
  ASSERT_EQ(state.log_history.size(), 1U);
  EXPECT_EQ(number_of(state.log_history[0], "loss"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(number_of(state.log_history[0], "step"), 2);
  EXPECT_EQ(number_of(state.log_history[0], "note"), std::nullopt);
}

TEST(TrainerState, TellsWholeNumbersFromOthers) {
  TrainerState state;
  state.log_history = {{{"loss", 2.0}, {"step", std::int64_t{2}}}};
  const std::string text = to_json_text(state);
  EXPECT_NE(text.find("\"loss\": 2.0,"), std::string::npos);
  EXPECT_NE(text.find("\"step\": 2\n"), std::string::npos);
  EXPECT_NE(text.find("\"epoch\": 0,"), std::string::npos);  // Python's fresh state
}

TEST(TrainerState, KeepsSeveralCallbacksOfOneClass) {
  TrainerState state;
  state.stateful_callbacks = {{"Early", {.args = {{"patience", std::int64_t{1}}}}},
                              {"Early", {.attributes = {{"counter", std::int64_t{2}}}}}};
  const TrainerState again = trainer_state_from_json_text(to_json_text(state));
  ASSERT_EQ(again.stateful_callbacks.size(), 2U);
  EXPECT_EQ(number_of(again.stateful_callbacks[1].second.attributes, "counter"), 2);
}

TEST(TrainerState, NamesTheKeyOfTheWrongType) {
  try {
    trainer_state_from_json_text(R"({"global_step": "many"})");
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(), "'global_step' is \"many\", which is of the wrong type.");
  }
  EXPECT_THROW(trainer_state_from_json_text("{\"epoch\": "), InvalidArgumentError);
  EXPECT_THROW(trainer_state_from_json_text("[]"), InvalidArgumentError);
}

}  // namespace
}  // namespace torchhub
