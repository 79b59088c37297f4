#include "torchhub/weights/load.h"

#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/safetensors/header.h"
#include "torchhub/safetensors/index.h"
#include "torchhub/weights/dtype.h"
#include "torchhub/weights/save.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

/// Every type that this LibTorch and the format share, with bytes that are valid in each.
StateDict every_dtype() {
  StateDict state;
  for (const safetensors::Dtype dtype : safetensors::all_dtypes()) {
    const auto type = scalar_type_of(dtype);
    if (!type) continue;
    const std::int64_t bytes = 6 * static_cast<std::int64_t>(safetensors::bits(dtype) / 8);
    const at::Tensor raw = torch::arange(bytes, torch::kByte).remainder(2).contiguous();
    state.emplace_back(safetensors::to_string(dtype), raw.view(*type).view({2, 3}).clone());
  }
  return state;
}

std::string bits_of(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()};
}

/// A file whose tensors stand in the order given, aligned or not.
void write_as_is(const std::filesystem::path& path,
                 const std::vector<safetensors::TensorInfo>& tensors, const std::string& data) {
  write_file_atomically(path, safetensors::encode_header({.tensors = tensors}) + data);
}

TEST(LoadSafetensors, GivesEveryDtypeBackBitForBit) {
  const TempDir dir;
  const StateDict state = every_dtype();
  EXPECT_GE(state.size(), 11U);
  save_safetensors(dir / "a.safetensors", state);
  const StateDict loaded = load_safetensors(dir / "a.safetensors");
  ASSERT_EQ(loaded.size(), state.size());
  const std::map<std::string, at::Tensor> by_name(loaded.begin(), loaded.end());
  for (const auto& [name, tensor] : state) {
    SCOPED_TRACE(name);
    EXPECT_EQ(by_name.at(name).dtype(), tensor.dtype());
    EXPECT_EQ(by_name.at(name).sizes(), tensor.sizes());
    EXPECT_EQ(bits_of(by_name.at(name)), bits_of(tensor));
  }
}

TEST(LoadSafetensors, KeepsScalarsAndEmptyTensors) {
  const TempDir dir;
  save_safetensors(dir / "a.safetensors",
                   {{"empty", torch::zeros({0, 3})}, {"scalar", torch::tensor(7, torch::kLong)}});
  const StateDict loaded = load_safetensors(dir / "a.safetensors");
  const std::map<std::string, at::Tensor> by_name(loaded.begin(), loaded.end());
  EXPECT_EQ(by_name.at("empty").sizes().vec(), (std::vector<std::int64_t>{0, 3}));
  EXPECT_EQ(by_name.at("scalar").dim(), 0);
  EXPECT_EQ(by_name.at("scalar").item<std::int64_t>(), 7);
}

TEST(TensorOf, IsAViewThatOutlivesTheFileAndNeverWritesToIt) {
  const TempDir dir;
  save_safetensors(dir / "a.safetensors", {{"w", torch::ones({4})}});
  const std::string before = read_file(dir / "a.safetensors");
  at::Tensor view;
  {
    const SafetensorsFile file(dir / "a.safetensors");
    view = tensor_of(file, file.at("w"));
    EXPECT_EQ(view.data_ptr(), static_cast<void*>(file.bytes(file.at("w")).data()));
  }
  view.fill_(2);
  EXPECT_EQ(view.sum().item<float>(), 8);
  EXPECT_EQ(read_file(dir / "a.safetensors"), before);
}

TEST(TensorOf, CopiesWhatIsNotAligned) {
  const TempDir dir;
  const float value = 1.5F;
  std::string data(3 + sizeof value, '\1');
  std::memcpy(data.data() + 3, &value, sizeof value);
  write_as_is(dir / "odd.safetensors",
              {{.name = "a", .dtype = safetensors::Dtype::U8, .shape = {3}, .begin = 0, .end = 3},
               {.name = "b", .dtype = safetensors::Dtype::F32, .shape = {1}, .begin = 3, .end = 7}},
              data);
  const at::Tensor loaded = load_safetensors(dir / "odd.safetensors").back().second;
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(loaded.data_ptr()) % sizeof value, 0U);
  EXPECT_EQ(loaded.item<float>(), value);
}

TEST(TensorOf, NamesADtypeThatLibtorchLacks) {
  const TempDir dir;
  const std::string path = (dir / "six.safetensors").string();
  write_as_is(path, {{.name = "x", .dtype = safetensors::Dtype::F6_E2M3, .shape = {4}, .end = 3}},
              "abc");
  const std::string message = message_of<SafetensorsError>([&] { load_safetensors(path); });
  EXPECT_NE(
      message.find(fmt::format("dtype F6_E2M3 is not supported by LibTorch {}", TORCH_VERSION)),
      std::string::npos)
      << message;
  EXPECT_NE(message.find("'x'"), std::string::npos) << message;
}

TEST(WeightFiles, ReadsShardsByTheirIndex) {
  const TempDir dir;
  const StateDict state = {{"b", torch::rand({4})}, {"a", torch::rand({4})}, {"c", torch::rand(1)}};
  save_weights(dir.path(), state, {.max_shard_bytes = 20});
  const WeightFiles files(dir.path());
  EXPECT_EQ(files.names().size(), 3U);
  EXPECT_EQ(files.file_of("b"), "model-00001-of-00002.safetensors");
  EXPECT_EQ(files.file_of("c"), "model-00002-of-00002.safetensors");
  for (const auto& [name, tensor] : state) {
    EXPECT_TRUE(torch::equal(files.tensor(name), tensor)) << name;
  }
  const WeightFiles by_index(dir / "model.safetensors.index.json");
  EXPECT_EQ(by_index.names(), files.names());
}

TEST(WeightFiles, ReportsWhatTheIndexDoesNotName) {
  const TempDir dir;
  save_safetensors(dir / "one.safetensors", {{"a", torch::rand(1)}, {"b", torch::rand(1)}});
  const safetensors::ShardIndex index{.total_size = 4, .weight_map = {{"a", "one.safetensors"}}};
  write_file_atomically(dir / "model.safetensors.index.json",
                        safetensors::encode_shard_index(index));
  const WeightFiles files(dir.path());
  EXPECT_EQ(files.names(), std::vector<std::string>{"a"});
  EXPECT_EQ(files.unlisted(), std::vector<std::string>{"b"});
}

TEST(WeightFiles, RefusesAnIndexThatNamesATensorOfNoFile) {
  const TempDir dir;
  save_safetensors(dir / "one.safetensors", {{"a", torch::rand(1)}});
  const safetensors::ShardIndex index{
      .total_size = 4, .weight_map = {{"a", "one.safetensors"}, {"z", "one.safetensors"}}};
  write_file_atomically(dir / "model.safetensors.index.json",
                        safetensors::encode_shard_index(index));
  const std::string message = message_of<SafetensorsError>([&] { WeightFiles files(dir.path()); });
  EXPECT_NE(message.find("the index says it is in one.safetensors, but it is not"),
            std::string::npos)
      << message;
}

TEST(WeightFiles, SaysWhichTensorItHasNot) {
  const TempDir dir;
  save_weights(dir.path(), {{"a", torch::rand(1)}});
  const WeightFiles files(dir.path());
  EXPECT_THROW(files.tensor("b"), SafetensorsError);
}

}  // namespace
}  // namespace torchhub
