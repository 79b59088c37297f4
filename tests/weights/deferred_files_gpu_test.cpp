// Of a machine with a GPU; without one all of it is skipped.
#include "torchhub/weights/deferred_files.h"
#include "weights/read_files.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <set>

namespace torchhub {
namespace {

using testing::holds;
using testing::read_into;

constexpr std::int64_t kNumbers = std::int64_t{64} << 20;  // 256 MiB

TEST(DeferredFiles, OfAGpuHoldWhatWasThereAndNeedNoCopyBeforeTheStep) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  const at::Tensor parameter = torch::rand({kNumbers}, torch::kCUDA);
  const at::Tensor buffer = torch::rand({kNumbers}, torch::kCUDA);
  const at::Tensor before = parameter.cpu();
  const at::Tensor buffer_before = buffer.cpu();
  std::set<const void*> pinned;
  for (int save = 0; save < 3; ++save) {
    DeferredFiles files({parameter.data_ptr()});
    const at::Tensor taken = files.take(parameter);
    const at::Tensor taken_buffer = files.take(buffer);
    EXPECT_TRUE(taken.is_pinned());
    for (const at::Tensor& host : {taken, taken_buffer}) {
      EXPECT_EQ(pinned.insert(host.data_ptr()).second, save == 0) << "the first save's are reused";
    }
    buffer.mul_(2);  // as a forward pass does, at once
    EXPECT_EQ(files.keep(), 0U);
    parameter.mul_(2);  // the step
    std::vector<std::byte> file;
    std::vector<std::byte> buffer_file;
    files.add("weights", read_into(file, taken));
    files.add("buffer", read_into(buffer_file, taken_buffer));
    files.write();
    EXPECT_TRUE(holds(file, before));
    EXPECT_TRUE(holds(buffer_file, buffer_before));
    parameter.copy_(before);
    buffer.copy_(buffer_before);
  }
}

}  // namespace
}  // namespace torchhub
