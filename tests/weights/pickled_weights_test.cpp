// Weights that torch.save wrote, where there are none in safetensors.
#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/weights/load.h"
#include "torchhub/weights/pickle_tensors.h"
#include "torchhub/weights/save.h"
#include "weights/file_in_folder.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::golden;
using testing::golden_path;
using testing::message_of;
using testing::TempDir;

TEST(WeightFileIn, IsNoneWhereTheFolderCannotBeLookedAt) {
  const TempDir folder;
  EXPECT_EQ(weight_file_in(folder.path()), std::nullopt);
  EXPECT_EQ(weight_file_in(folder / "none"), std::nullopt);
  EXPECT_EQ(weight_file_in(folder / std::string(300, 'a')), std::nullopt) << "no such name can be";
  write_file_atomically(folder / "pytorch_model.bin", "");
  EXPECT_EQ(weight_file_in(folder.path()), folder / "pytorch_model.bin");
}

// Golden: torch 2.14, torch.save({"w": torch.arange(12.0).view(3, 4), "tied": the same, ...}).
TEST(PickledWeights, AreReadAsPythonWroteThem) {
  const TempDir folder;
  write_file_atomically(folder / "pytorch_model.bin", golden("pickle/zip-plain-dict.bin"));
  const WeightFiles files(folder.path());
  EXPECT_TRUE(torch::equal(files.tensor("w"), torch::arange(12, torch::kFloat32).view({3, 4})));
  EXPECT_EQ(files.info("w").shape, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(files.info("w").dtype, safetensors::Dtype::F32);
  EXPECT_EQ(files.file_of("w"), "pytorch_model.bin");
  EXPECT_TRUE(torch::equal(files.tensor("tied"), files.tensor("w")));
}

TEST(PickledWeights, HaveAllNamesOfAModelInTheirOrder) {
  const WeightFiles files(golden_path("pickle/tiny-bert-state.bin"));
  EXPECT_EQ(files.names().at(0), "bert.embeddings.word_embeddings.weight");
  EXPECT_EQ(files.names().at(1), "bert.embeddings.position_embeddings.weight");
  for (const std::string& name : files.names()) {
    EXPECT_EQ(files.tensor(name).sizes(), at::IntArrayRef(files.info(name).shape)) << name;
  }
}

TEST(PickledWeights, GiveWayToSafetensors) {
  const TempDir folder;
  write_file_atomically(folder / "pytorch_model.bin", golden("pickle/zip-plain-dict.bin"));
  save_weights(folder.path(), {{"w", torch::zeros({1})}});
  write_file_atomically(folder / "pytorch_model.bin", golden("pickle/zip-plain-dict.bin"));
  EXPECT_EQ(WeightFiles(folder.path()).file_of("w"), "model.safetensors");
}

TEST(PickledWeights, MayLieInShards) {
  const TempDir folder;
  for (const auto& [file, name] : {std::pair("pytorch_model-00001-of-00002.bin", "a"),
                                   std::pair("pytorch_model-00002-of-00002.bin", "b")}) {
    save_torch_file(folder / file, pickle::Dict({{name, pickle_tensor(torch::full({2}, *name))}}));
  }
  write_file_atomically(folder / "pytorch_model.bin.index.json", R"({"metadata": {"total_size": 32},
    "weight_map": {"a": "pytorch_model-00001-of-00002.bin",
                   "b": "pytorch_model-00002-of-00002.bin"}})");
  const WeightFiles files(folder.path());
  EXPECT_EQ(files.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(files.tensor("b")[0].item<std::int64_t>(), 'b');
  EXPECT_EQ(files.file_of("b"), "pytorch_model-00002-of-00002.bin");
}

TEST(PickledWeights, RunNothingAndRefuseWhatIsNoStateDict) {
  EXPECT_THROW(WeightFiles(golden_path("pickle/evil-zip.bin")), PickleError);
  EXPECT_THROW(WeightFiles(golden_path("pickle/bad-truncated-zip.bin")), PickleError);
  const std::string nested = golden_path("pickle/zip-nested.bin").string();
  EXPECT_EQ(message_of<PickleError>([&] { WeightFiles{nested}; }),
            "'" + nested +
                "' holds something that is no named tensor, so it is no state dict of a model.");
}

}  // namespace
}  // namespace torchhub
