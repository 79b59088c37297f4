#include "torchhub/training/threads.h"

#include "support/message_of.h"
#include "support/variable.h"
#include "torchhub/base/error.h"
#include "torchhub/training/machine_report.h"

#include <ATen/Parallel.h>
#include <c10/core/thread_pool.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

namespace torchhub {
namespace {

int libtorch_default() {
  return std::max(1, static_cast<int>(c10::TaskThreadPoolBase::defaultNumThreads()));
}

/// Leaves the counts of the process as they were.
class ThreadCount : public ::testing::Test {
 protected:
  void TearDown() override { apply_thread_count(before_); }
  static int blas_threads() { return describe_machine().blas.own_threads; }
  static void expect_blas_threads(int count) {
    const int own = blas_threads();
    EXPECT_TRUE(own == count || own == 0) << own << " instead of " << count;  // 0: LibTorch's
  }

 private:
  int before_ = at::get_num_threads();
};

TEST_F(ThreadCount, ObeysTheProgramFirst) {
  EXPECT_EQ(apply_thread_count(3, {.num_threads = 1, .blas_num_threads = 1}), 3);
  EXPECT_EQ(at::get_num_threads(), 3);
  expect_blas_threads(3);
  EXPECT_EQ(apply_thread_count(1, {}), 1);
  expect_blas_threads(1);
}

TEST_F(ThreadCount, LeavesWhatTheEnvironmentChose) {
  at::set_num_threads(libtorch_default());
  const int blas = blas_threads();
  EXPECT_EQ(apply_thread_count({}, {.num_threads = 7}), libtorch_default());
  EXPECT_EQ(blas_threads(), blas);
}

TEST_F(ThreadCount, KeepsANumberThatOnlyTheProgramCanHaveSet) {
  const int set = libtorch_default() + 1;
  at::set_num_threads(set);
  EXPECT_EQ(apply_thread_count({}, {}), set);
  expect_blas_threads(set);
}

TEST_F(ThreadCount, TakesOneThreadACoreWhenNobodyChose) {
  apply_thread_count(libtorch_default());
  EXPECT_EQ(apply_thread_count({}, {}), default_thread_count());
  EXPECT_EQ(describe_machine().usable_cores, default_thread_count());
}

TEST_F(ThreadCount, LeavesAnOpenBlasThatWasToldApart) {
  apply_thread_count(2);
  const int blas = blas_threads();
  at::set_num_threads(libtorch_default() + 4);
  EXPECT_EQ(apply_thread_count({}, {.blas_num_threads = 2}), libtorch_default() + 4);
  EXPECT_EQ(blas_threads(), blas);
}

TEST_F(ThreadCount, RefusesLessThanOne) {
  EXPECT_EQ(testing::message_of<InvalidArgumentError>([] { apply_thread_count(0, {}); }),
            "num_threads is 0. It must be at least 1; leave it unset for one thread for each "
            "physical core.");
}

using testing::Variable;

TEST(ThreadEnvironment, ReadsWhatLibTorchAndOpenBlasRead) {
  const Variable omp("OMP_NUM_THREADS", nullptr);
  const Variable mkl("MKL_NUM_THREADS", nullptr);
  const Variable blas("OPENBLAS_NUM_THREADS", nullptr);
  EXPECT_EQ(ThreadEnvironment::from_environment().num_threads, std::nullopt);
  EXPECT_EQ(ThreadEnvironment::from_environment().blas_num_threads, std::nullopt);
  const Variable mkl_set("MKL_NUM_THREADS", "3");
  EXPECT_EQ(ThreadEnvironment::from_environment().num_threads, 3);
  const Variable omp_set("OMP_NUM_THREADS", " 4,2");
  const Variable blas_set("OPENBLAS_NUM_THREADS", "5");
  EXPECT_EQ(ThreadEnvironment::from_environment().num_threads, 4);
  EXPECT_EQ(ThreadEnvironment::from_environment().blas_num_threads, 5);
}

TEST(ThreadEnvironment, IgnoresWhatIsNoCount) {
  for (const char* value : {"", " ", "many", "0", "-2", "99999999999999999999"}) {
    const Variable omp("OMP_NUM_THREADS", value);
    const Variable mkl("MKL_NUM_THREADS", nullptr);
    EXPECT_EQ(ThreadEnvironment::from_environment().num_threads, std::nullopt) << value;
  }
}

}  // namespace
}  // namespace torchhub
