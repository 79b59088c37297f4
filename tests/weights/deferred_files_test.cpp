#include "torchhub/weights/deferred_files.h"

#include "support/message_of.h"
#include "torchhub/base/error.h"
#include "weights/read_files.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace torchhub {
namespace {

using testing::holds;
using testing::read_into;

constexpr std::int64_t kNumbers = 1 << 20;  // 4 MiB, four pieces

TEST(DeferredFiles, TakeSteadyMemoryWithoutACopyAndAllElseAsItIs) {
  const at::Tensor parameter = torch::rand({kNumbers});
  const at::Tensor buffer = torch::rand({8});
  DeferredFiles files({parameter.data_ptr()});
  EXPECT_EQ(files.take(parameter).data_ptr(), parameter.data_ptr());
  const at::Tensor taken = files.take(buffer);
  const at::Tensor before = buffer.clone();
  buffer.fill_(7);
  EXPECT_TRUE(taken.equal(before));
}

TEST(DeferredFiles, TakeATransposedTensorRowMajor) {
  const at::Tensor parameter = torch::rand({3, 5});
  DeferredFiles files({parameter.data_ptr()});
  const at::Tensor taken = files.take(parameter.t());
  EXPECT_TRUE(taken.is_contiguous());
  EXPECT_TRUE(taken.equal(parameter.t()));
  EXPECT_EQ(files.keep(), 0U);  // a copy already
}

/// As a writer stands that waits for the disk, until another thread has copied.
void await_copies(const DeferredFiles& files, std::size_t bytes) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (files.bytes_kept() < bytes && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
}

TEST(DeferredFiles, AreKeptByTheTrainingThreadUnlessCopiedInTimeWhileTheWriterStandsStill) {
  const at::Tensor parameter = torch::rand({kNumbers});
  const at::Tensor before = parameter.clone();
  for (const bool expects : {false, true}) {
    DeferredFiles files({parameter.data_ptr()});
    std::vector<std::byte> file;
    std::size_t by_training_thread = 0;
    const at::Tensor taken = files.take(parameter);
    const auto reading = read_into(file, taken);
    files.add("weights", [&](const DeferredFiles::Writing& how) {
      if (expects) await_copies(files, before.nbytes());
      by_training_thread = files.keep();
      parameter.fill_(0);
      return reading(how);
    });
    if (expects) files.expect_keep_at(std::chrono::steady_clock::now());
    files.write();
    EXPECT_TRUE(holds(file, before));
    EXPECT_EQ(by_training_thread, expects ? 0U : before.nbytes());
    EXPECT_EQ(files.bytes_kept(), before.nbytes());
    parameter.copy_(before);
  }
}

TEST(DeferredFiles, EndWhereTheWriterFailsWhileAnotherThreadCopies) {
  const at::Tensor parameter = torch::rand({64 * kNumbers});
  DeferredFiles files({parameter.data_ptr()});
  static_cast<void>(files.take(parameter));
  files.add("weights", [&](const DeferredFiles::Writing&) -> WrittenFile {
    await_copies(files, 1);
    throw DiskFullError("the disk is full", "weights");
  });
  files.expect_keep_at(std::chrono::steady_clock::now());
  EXPECT_THROW(files.write(), DiskFullError);
  EXPECT_LT(files.bytes_kept(), parameter.nbytes()) << "what nobody will write is copied no more";
}

TEST(DeferredFiles, CopyIntoTheMemoryOfTheSaveBefore) {
  const at::Tensor parameter = torch::rand({kNumbers});
  const auto memory = std::make_shared<ReusedMemory>();
  for (int save = 0; save < 3; ++save) {
    const at::Tensor before = parameter.clone();
    DeferredFiles files({parameter.data_ptr()}, {.memory = memory});
    std::vector<std::byte> file;
    files.add("weights", read_into(file, files.take(parameter)));
    EXPECT_EQ(files.keep(), before.nbytes());
    EXPECT_EQ(memory->bytes_idle(), 0U);
    parameter.mul_(2);
    files.write();
    EXPECT_TRUE(holds(file, before));
    EXPECT_EQ(memory->bytes_idle(), before.nbytes());
  }
}

TEST(DeferredFiles, SayThatMemoryWasChangedTooEarly) {
  const at::Tensor parameter = torch::rand({8});
  const auto outcome = [&](bool change_before_keep, bool change_after_keep) {
    DeferredFiles files({parameter.data_ptr()});
    std::vector<std::byte> file;
    files.add("weights", read_into(file, files.take(parameter)));
    if (change_before_keep) parameter.mul_(2);
    files.keep();
    if (change_after_keep) parameter.mul_(2);
    return testing::message_of<Error>([&] { files.write(); });
  };
  EXPECT_EQ(outcome(false, true), "nothing was thrown");
  EXPECT_NE(outcome(true, false).find("SaveMode::sync"), std::string::npos);

  DeferredFiles files({parameter.data_ptr()});  // written before there was a step at all
  std::vector<std::byte> file;
  files.add("weights", read_into(file, files.take(parameter)));
  parameter.mul_(2);
  EXPECT_THROW(files.write(), SpoiledSaveError);
}

}  // namespace
}  // namespace torchhub
