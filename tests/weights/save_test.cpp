#include "torchhub/weights/save.h"

#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/safetensors/index.h"
#include "torchhub/weights/load.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <set>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

StateDict three_tensors() {
  return {{"a", torch::rand({4})}, {"b", torch::rand({4})}, {"c", torch::rand({4})}};
}

TEST(SaveSafetensors, StoresAnyStridesRowByRow) {
  const TempDir dir;
  const at::Tensor matrix = torch::arange(6, torch::kFloat).view({2, 3});
  save_safetensors(dir / "a.safetensors",
                   {{"turned", matrix.t()},
                    {"wide", torch::ones({1}).expand({3})},
                    {"needs_grad", torch::ones({2}, torch::requires_grad())}});
  const SafetensorsFile file(dir / "a.safetensors");
  EXPECT_TRUE(torch::equal(tensor_of(file, file.at("turned")), matrix.t()));
  EXPECT_TRUE(torch::equal(tensor_of(file, file.at("wide")), torch::ones({3})));
  EXPECT_EQ(file.header().metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
}

TEST(SaveSafetensors, StoresSharedTensorsOnceUnderTheFirstName) {
  const TempDir dir;
  const at::Tensor shared = torch::rand({2, 2});
  save_safetensors(dir / "a.safetensors", {{"wte.weight", shared}, {"lm_head.weight", shared}});
  const WeightFiles files(dir / "a.safetensors");
  EXPECT_EQ(files.names(), std::vector<std::string>{"lm_head.weight"});
  EXPECT_EQ(files.aliases(),
            (std::map<std::string, std::string>{{"wte.weight", "lm_head.weight"}}));
}

TEST(SaveSafetensors, StoresPartsOfOneStorageThatDoNotTouch) {
  const TempDir dir;
  const at::Tensor both = torch::arange(4, torch::kFloat);
  save_safetensors(dir / "a.safetensors", {{"x", both.slice(0, 0, 2)}, {"y", both.slice(0, 2, 4)}});
  const WeightFiles files(dir / "a.safetensors");
  EXPECT_TRUE(torch::equal(files.tensor("y"), both.slice(0, 2, 4)));
}

TEST(SaveSafetensors, RefusesTensorsThatShareAPart) {
  const TempDir dir;
  const at::Tensor both = torch::arange(4, torch::kFloat);
  EXPECT_EQ(message_of<InvalidArgumentError>([&] {
              save_safetensors(dir / "a.safetensors",
                               {{"x", both.slice(0, 0, 3)}, {"y", both.slice(0, 2, 4)}});
            }),
            "Some tensors share a part of their memory, which a safetensors file cannot say; clone "
            "one of each pair:\n  - 'x' and 'y'");
  EXPECT_TRUE(names_in(dir.path()).empty());
}

TEST(SaveSafetensors, NamesATypeThatTheFormatLacks) {
  const TempDir dir;
  EXPECT_EQ(
      message_of<InvalidArgumentError>([&] {
        save_safetensors(dir / "a.safetensors", {{"z", torch::ones(1, torch::kComplexDouble)}});
      }),
      "'z' has type ComplexDouble, which safetensors files cannot hold. Convert it first.");
}

TEST(SaveWeights, WritesOneFileWithoutAnIndexIfItFits) {
  const TempDir dir;
  const SavedWeights saved = save_weights(dir.path(), three_tensors());
  EXPECT_EQ(saved.files, std::vector<std::string>{"model.safetensors"});
  EXPECT_EQ(names_in(dir.path()), std::set<std::string>{"model.safetensors"});
}

TEST(SaveWeights, ShardsInTheOrderOfTheStateAndCountsParameters) {
  const TempDir dir;
  save_weights(dir.path(), three_tensors(), {.max_shard_bytes = 32, .total_parameters = 12});
  EXPECT_EQ(read_file(dir / "model.safetensors.index.json"),
            "{\n"
            "  \"metadata\": {\n"
            "    \"total_parameters\": 12,\n"
            "    \"total_size\": 48\n"
            "  },\n"
            "  \"weight_map\": {\n"
            "    \"a\": \"model-00001-of-00002.safetensors\",\n"
            "    \"b\": \"model-00001-of-00002.safetensors\",\n"
            "    \"c\": \"model-00002-of-00002.safetensors\"\n"
            "  }\n"
            "}\n");
}

TEST(SaveWeights, RemovesWhatAnEarlierSaveOfAnotherShapeLeft) {
  const TempDir dir;
  write_file_atomically(dir / "notes.txt", "kept");
  save_weights(dir.path(), three_tensors(), {.max_shard_bytes = 16});
  EXPECT_EQ(names_in(dir.path()).size(), 5U);
  save_weights(dir.path(), three_tensors(), {.max_shard_bytes = 32});
  EXPECT_EQ(
      names_in(dir.path()),
      (std::set<std::string>{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                             "model.safetensors.index.json", "notes.txt"}));
  save_weights(dir.path(), three_tensors());
  EXPECT_EQ(names_in(dir.path()), (std::set<std::string>{"model.safetensors", "notes.txt"}));
  const SavedWeights last = save_weights(dir.path(), three_tensors(), {.max_shard_bytes = 32});
  EXPECT_EQ(last.removed, std::vector<std::string>{"model.safetensors"});
}

TEST(SaveWeights, LeavesTheOldFilesAloneIfItIsStopped) {
  const TempDir dir;
  const StateDict old = three_tensors();
  save_weights(dir.path(), old, {.max_shard_bytes = 16});
  const std::set<std::string> before = names_in(dir.path());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(
      save_weights(dir.path(), three_tensors(), {.max_shard_bytes = 16, .stop = stop.get_token()}),
      CancelledError);
  EXPECT_EQ(names_in(dir.path()), before);
  EXPECT_TRUE(torch::equal(WeightFiles(dir.path()).tensor("c"), old.back().second));
}

TEST(SaveWeights, ReplacesShardsOfTheSameNames) {
  const TempDir dir;
  save_weights(dir.path(), three_tensors(), {.max_shard_bytes = 16});
  const StateDict second = three_tensors();
  save_weights(dir.path(), second, {.max_shard_bytes = 16});
  const WeightFiles files(dir.path());
  for (const auto& [name, tensor] : second) {
    EXPECT_TRUE(torch::equal(files.tensor(name), tensor)) << name;
  }
}

}  // namespace
}  // namespace torchhub
