#include "torchhub/weights/pickle_tensors.h"

#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/weights/dtype.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cstring>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

constexpr std::array kNames = {"float32",     "float64",      "float16", "bfloat16",  "int64",
                               "int32",       "int16",        "int8",    "uint8",     "bool",
                               "uint16",      "uint32",       "uint64",  "complex64", "complex128",
                               "float8_e5m2", "float8_e4m3fn"};

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.dtype() == b.dtype() && a.sizes() == b.sizes() &&
         std::memcmp(a.data_ptr(), b.data_ptr(), a.nbytes()) == 0;
}

TEST(PickleTensors, ComeBackBitForBitThroughAFileInEveryType) {
  const TempDir dir;
  for (const std::string name : kNames) {
    const auto type = scalar_type_of_python(name);
    if (!type) continue;
    SCOPED_TRACE(name);
    const auto bytes = 6 * static_cast<std::int64_t>(c10::elementSize(*type));
    const at::Tensor tensor =
        torch::arange(bytes, torch::kByte).remainder(2).view(*type).view({3, 2}).clone();
    save_torch_file(dir / "t.pt", pickle_tensor(tensor));
    EXPECT_TRUE(same_bits(tensor_of(load_torch_file(dir / "t.pt").tensor()), tensor));
  }
}

TEST(PickleTensors, KeepScalarsAndEmptyTensors) {
  EXPECT_EQ(tensor_of(pickle_tensor(torch::tensor(7.0))).item<float>(), 7);
  EXPECT_EQ(tensor_of(pickle_tensor(torch::tensor(7.0))).dim(), 0);
  EXPECT_EQ(tensor_of(pickle_tensor(torch::zeros({2, 0}))).sizes().vec(),
            (std::vector<std::int64_t>{2, 0}));
}

TEST(PickleTensors, AreStoredRowByRowWhateverTheirStrides) {
  const at::Tensor turned = torch::arange(6, torch::kFloat).view({2, 3}).t();
  const pickle::Tensor pickled = pickle_tensor(turned);
  EXPECT_TRUE(pickled.is_contiguous());
  EXPECT_TRUE(torch::equal(tensor_of(pickled), turned));
}

TEST(PickleTensors, ReadStridesAndOffsetsOfOthers) {
  const at::Tensor numbers = torch::arange(12, torch::kFloat);
  pickle::Tensor pickled = pickle_tensor(numbers);
  pickled.shape = {2, 2};
  pickled.stride = {1, 4};
  pickled.offset = 2;
  EXPECT_TRUE(torch::equal(tensor_of(pickled), torch::tensor({{2.0F, 6.0F}, {3.0F, 7.0F}})));
}

TEST(PickleTensors, ReadWhatPythonExpanded) {
  pickle::Tensor pickled = pickle_tensor(torch::tensor({1.0F, 2.0F}));
  pickled.shape = {2, 3};
  pickled.stride = {1, 0};
  EXPECT_TRUE(
      torch::equal(tensor_of(pickled), torch::tensor({{1.0F, 1.0F, 1.0F}, {2.0F, 2.0F, 2.0F}})));
  pickled.shape = {std::int64_t{1} << 26};  // of 4 bytes: all that may be repeated
  pickled.stride = {0};
  EXPECT_EQ(tensor_of(pickled).numel(), std::int64_t{1} << 26);
}

TEST(PickleTensors, RefuseToRepeatAFewBytesUntilTheMemoryIsFull) {
  pickle::Tensor pickled = pickle_tensor(torch::tensor({7.0F}));
  pickled.shape = {2, std::int64_t{1} << 34};
  pickled.stride = {0, 0};
  EXPECT_EQ(message_of<PickleError>([&] { tensor_of(pickled); }),
            "A float32 tensor of shape [2, 17179869184] and stride [0, 0] repeats 4 stored bytes "
            "more often than 256 MiB hold. If the file is to be trusted, store the tensor without "
            "`expand`.");
  pickled.shape = {(std::int64_t{1} << 26) + 1};
  pickled.stride = {0};
  EXPECT_THROW(tensor_of(pickled), PickleError);
}

TEST(PickleTensors, OwnTheirNumbers) {
  at::Tensor tensor = torch::ones({2});
  const pickle::Tensor pickled = pickle_tensor(tensor);
  const at::Tensor copy = tensor_of(pickled);
  tensor.fill_(3);
  EXPECT_EQ(copy.sum().item<float>(), 2);
}

}  // namespace
}  // namespace torchhub
