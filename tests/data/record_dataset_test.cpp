#include "torchhub/data/record_dataset.h"

#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/data/composed_dataset.h"
#include "torchhub/data/jsonl.h"
#include "torchhub/data/loader.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

TEST(TensorsOf, MakesTheTensorsThatTorchTensorMakes) {
  const Batch batch = tensors_of(Record::parse(
      R"({"n": 3, "x": 1.5, "yes": true, "ids": [4, 5], "mixed": [1, 2.5], "both": [true, 2],
          "grid": [[1, 2, 3], [4, 5, 6]], "none": [], "nones": [[], []]})"));
  EXPECT_TRUE(torch::equal(batch.at("n"), torch::tensor(3, torch::kInt64)));
  EXPECT_TRUE(torch::equal(batch.at("x"), torch::tensor(1.5F)));
  EXPECT_TRUE(torch::equal(batch.at("yes"), torch::tensor(true)));
  EXPECT_TRUE(torch::equal(batch.at("ids"), torch::tensor({4, 5}, torch::kInt64)));
  EXPECT_TRUE(torch::equal(batch.at("mixed"), torch::tensor({1.0F, 2.5F})));
  EXPECT_TRUE(torch::equal(batch.at("both"), torch::tensor({1, 2}, torch::kInt64)));
  EXPECT_TRUE(torch::equal(batch.at("grid"), torch::arange(1, 7).reshape({2, 3})));
  EXPECT_EQ(batch.at("none").sizes(), torch::IntArrayRef({0}));
  EXPECT_EQ(batch.at("none").scalar_type(), torch::kFloat32);
  EXPECT_EQ(batch.at("nones").sizes(), torch::IntArrayRef({2, 0}));
}

TEST(TensorsOf, NamesTheColumnThatNoTensorHolds) {
  const auto error = [](const char* json) {
    return message_of<DatasetError>([&] { tensors_of(Record::parse(json)); });
  };
  const std::string advice =
      ", which no tensor holds. Make tensors of it in a function of your own (map_records), or "
      "name "
      "the columns to take without it.";
  EXPECT_EQ(error(R"({"a": 1, "t": "x"})"), "column 't' is text" + advice);
  EXPECT_EQ(error(R"({"t": null})"), "column 't' is null" + advice);
  EXPECT_EQ(error(R"({"t": [{"a": 1}]})"), "column 't' is an object" + advice);
  for (const char* ragged : {R"({"t": [[1], [2, 3]]})", R"({"t": [1, [2]]})", R"({"t": [[1], 2]})",
                             R"({"t": [[], [1]]})"}) {
    EXPECT_EQ(error(ragged),
              "column 't' holds rows of different lengths. Pad them in a function of your own "
              "(map_records).")
        << ragged;
  }
  EXPECT_EQ(error(R"({"t": 9223372036854775808})"),
            "column 't' holds 9223372036854775808, more than int64 can.");
}

TEST(MapRecords, TakesNamedColumnsOrAFunctionAndSaysWhereInTheFileAnErrorIs) {
  const TempDir folder;
  write_file_atomically(
      folder / "a.jsonl",
      "{\"text\": \"ab\", \"label\": 1}\n\n{\"text\": \"c\", \"label\": 0}\n{}\n");
  const auto file = read_jsonl(folder / "a.jsonl");
  const auto labels = map_records(file, {"label"});
  EXPECT_EQ(labels->size(), 3);
  EXPECT_EQ(labels->get(0).size(), 1U);
  EXPECT_EQ(labels->get(1).at("label").item<std::int64_t>(), 0);
  const std::string place = "'" + (folder / "a.jsonl").string() + "', line ";
  EXPECT_EQ(message_of<DatasetError>([&] { labels->get(2); }),
            place + "4: there is no column 'label'. Give every record the same.");
  EXPECT_TRUE(message_of<DatasetError>([&] {
                map_records(file)->get(1);
              }).starts_with(place + "3: column 'text' is text"));

  const auto lengths = map_records(file, [](const Record& record) {
    return Batch{{"length", torch::tensor(std::ssize(record.at("text").get<std::string>()))}};
  });
  EXPECT_EQ(lengths->get(0).at("length").item<std::int64_t>(), 2);
  EXPECT_TRUE(message_of<DatasetError>([&] { lengths->get(2); }).starts_with(place + "4: "));
}

TEST(MapRecords, ResumesByRecordWithoutReadingThoseBefore) {
  const TempDir folder;
  write_file_atomically(folder / "a.jsonl", "broken\nbroken\n{\"x\": 2}\n{\"x\": 3}\n");
  const DataLoader loader(map_records(read_jsonl(folder / "a.jsonl")),
                          std::make_shared<SequentialSampler>(4), {}, {.batch_size = 2});
  EXPECT_TRUE(torch::equal(loader.epoch(0, 1)->next()->at("x"), torch::tensor({2, 3})));
  EXPECT_TRUE(message_of<DatasetError>([&] {
                loader.epoch(0)->next();
              }).starts_with("loading batch 0 of epoch 0: sample 0: '"));
}

TEST(TransformedDataset, ChangesEachSampleAndKnowsItsNumber) {
  const TransformedDataset dataset(std::make_shared<TensorDataset>(Batch{{"x", torch::arange(3)}}),
                                   [](Batch sample, std::int64_t index) {
                                     sample["y"] = sample.at("x") * 10 + index;
                                     return sample;
                                   });
  EXPECT_EQ(dataset.size(), 3);
  EXPECT_EQ(dataset.get(2).at("y").item<std::int64_t>(), 22);
  EXPECT_EQ(dataset.get(2).at("x").item<std::int64_t>(), 2);
}

TEST(ConcatDataset, NumbersTheSamplesOfOneDatasetAfterThoseOfAnother) {
  const auto part = [](std::int64_t begin, std::int64_t end) {
    return std::make_shared<TensorDataset>(Batch{{"x", torch::arange(begin, end)}});
  };
  const ConcatDataset dataset({part(0, 2), part(2, 2), part(2, 5)});
  ASSERT_EQ(dataset.size(), 5);
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(dataset.get(i).at("x").item<std::int64_t>(), i);
  }
  EXPECT_THROW(ConcatDataset({}), InvalidArgumentError);
}

}  // namespace
}  // namespace torchhub
