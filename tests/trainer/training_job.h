#pragma once

#include "support/rank_group.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {

/// What the ranks of training_rank.cpp are told.
struct Job {
  std::string scenario = "mlp";
  int world_size = 1;
  std::vector<std::string> more = {};
  int total_batch = 8;
  std::vector<std::string> through = {};  ///< A program that starts the ranks, with its words.
};

/// The ranks of `job`, with `folder` as output_dir. A batch has `total_batch` samples, however many
/// processes share them, and is an update unless `more` accumulates; an epoch has 48 samples.
inline RankGroup started(const std::filesystem::path& folder, const Job& job) {
  const std::string batch = std::to_string(job.total_batch / job.world_size);
  std::vector<std::string> command = {TRAINING_RANK,
                                      job.scenario,
                                      "--output_dir",
                                      folder.string(),
                                      "--optim",
                                      "sgd",
                                      "--learning_rate",
                                      "0.1",
                                      "--max_steps",
                                      "9",
                                      "--logging_steps",
                                      "1",
                                      "--save_steps",
                                      "3",
                                      "--disable_tqdm",
                                      "false",
                                      "--report_to",
                                      "none",
                                      "--ddp_timeout",
                                      "60",
                                      "--include_num_input_tokens_seen",
                                      "all",
                                      "--per_device_train_batch_size",
                                      batch,
                                      "--per_device_eval_batch_size",
                                      batch};
  command.insert(command.begin(), job.through.begin(), job.through.end());
  command.insert(command.end(), job.more.begin(), job.more.end());
  return {job.world_size, command};
}

inline std::vector<nlohmann::json> results(const std::filesystem::path& folder, const Job& job) {
  return started(folder, job).results();
}

inline std::vector<double> logged(const nlohmann::json& seen, const char* name) {
  std::vector<double> values;
  for (const nlohmann::json& row : seen.value("history", nlohmann::json::array())) {
    if (row.contains(name)) values.push_back(row[name].get<double>());
  }
  return values;
}

inline void expect_near(const nlohmann::json& a, const nlohmann::json& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a[i].get<double>(), b[i].get<double>(), tolerance) << "at " << i;
  }
}

/// The same run, but for how many shared it.
inline void expect_same_run(const nlohmann::json& one, const nlohmann::json& shared) {
  ASSERT_TRUE(one.contains("history")) << one.dump();
  ASSERT_TRUE(shared.contains("history")) << shared.dump();
  EXPECT_EQ(logged(one, "loss").size(), 9U);
  for (const char* name : {"loss", "grad_norm", "learning_rate", "num_input_tokens_seen"}) {
    SCOPED_TRACE(name);
    expect_near(logged(one, name), logged(shared, name), 1e-5);
  }
  for (const auto& [name, values] : one["state"].items()) {
    SCOPED_TRACE(name);
    expect_near(values, shared["state"][name], 1e-5);
  }
  EXPECT_EQ(shared["total_flos"], one["total_flos"]);
  EXPECT_EQ(shared["tokens"], one["tokens"]);
}

/// The same predictions, in the order of the dataset, and what metrics make of them.
inline void expect_same_evaluation(const nlohmann::json& one, const nlohmann::json& shared) {
  ASSERT_TRUE(one.contains("labels")) << one.dump();
  ASSERT_TRUE(shared.contains("labels")) << shared.dump();
  EXPECT_EQ(shared["labels"], one["labels"]) << "in the order of the dataset";
  expect_near(one["predictions"], shared["predictions"], 1e-5);
  for (const char* name : {"test_loss", "test_accuracy", "test_accuracy_of_all"}) {
    EXPECT_NEAR(shared["metrics"][name].get<double>(), one["metrics"][name].get<double>(), 1e-5)
        << name;
  }
}

/// Rank by rank the same weights and losses, bit for bit.
inline void expect_same_bits(const std::vector<nlohmann::json>& straight,
                             const std::vector<nlohmann::json>& again) {
  ASSERT_EQ(again.size(), straight.size());
  for (std::size_t rank = 0; rank < again.size(); ++rank) {
    ASSERT_TRUE(straight[rank].contains("state")) << straight[rank].dump();
    ASSERT_TRUE(again[rank].contains("state")) << again[rank].dump();
    EXPECT_EQ(again[rank]["state"], straight[rank]["state"]);
    EXPECT_EQ(logged(again[rank], "loss"), logged(straight[rank], "loss"));
  }
}

}  // namespace torchhub::testing
