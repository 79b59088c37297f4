#include "training/machine/blas_facts.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub {
namespace {

TEST(BlasLibrary, IsWhatOpenBlasSaysOfItself) {
  BlasFacts facts{.path = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3",
                  .openblas_config =
                      "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Prescott MAX_THREADS=64",
                  .openblas_corename = "Prescott",
                  .openblas_parallel = 1,
                  .openblas_threads = 2,
                  .libtorch_config = "BLAS_INFO=generic, BUILD_TYPE=Release"};
  const BlasLibrary blas = identify_blas(facts);
  EXPECT_EQ(blas.name, "OpenBLAS");
  EXPECT_EQ(blas.version, "0.3.21");
  EXPECT_EQ(blas.kernel, "Prescott");
  EXPECT_EQ(blas.path, facts.path);
  EXPECT_EQ(blas.own_threads, 2);
  EXPECT_TRUE(blas.chooses_kernel);
  facts.openblas_config = "OpenBLAS 0.3.30 Haswell";
  facts.openblas_parallel = 2;  // OpenMP's threads are LibTorch's
  EXPECT_EQ(identify_blas(facts).own_threads, 0);
  EXPECT_FALSE(identify_blas(facts).chooses_kernel);
}

TEST(BlasLibrary, KnowsOthersByTheirWordsOrTheirFile) {
  const std::string mkl =
      "Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for Intel(R) 64";
  EXPECT_EQ(identify_blas({.path = "/opt/libmkl_rt.so.2", .mkl_version = mkl}).name, "MKL");
  EXPECT_EQ(identify_blas({.path = "/opt/libmkl_rt.so.2", .mkl_version = mkl}).version, "2024.2");
  EXPECT_EQ(identify_blas({.path = "/x/libblas.so.3", .blis_version = "0.9.0"}).name, "BLIS");
  EXPECT_EQ(identify_blas({.path = "/usr/lib/atlas/libblas.so.3"}).name, "ATLAS");
  EXPECT_EQ(identify_blas({.path = "/usr/lib/blis-pthread/libblas.so.3"}).name, "BLIS");
  EXPECT_EQ(identify_blas({.path = "/opt/vendor/libblas.so.3"}).name, "unknown");
  const BlasLibrary reference =
      identify_blas({.path = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0"});
  EXPECT_EQ(reference.name, "reference");
  EXPECT_EQ(reference.version, "3.11.0");
}

TEST(BlasLibrary, AsksLibTorchWhereTheBlasIsAPartOfIt) {
  const std::string config =
      "PyTorch built with:\n  - Intel(R) oneAPI Math Kernel Library Version 2023.1-Product Build "
      "1\n  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release";
  const BlasLibrary mkl = identify_blas({.path = {}, .libtorch_config = config});
  EXPECT_EQ(mkl.name, "MKL");
  EXPECT_EQ(mkl.version, "2023.1");
  EXPECT_EQ(identify_blas({.path = {}, .libtorch_config = "BLAS_INFO=accelerate"}).name,
            "Accelerate");
  EXPECT_EQ(identify_blas({.path = "/usr/lib/libtorch_cpu.so"}).name, "unknown");
  EXPECT_EQ(identify_blas({}).name, "unknown");
}

TEST(BlasLibrary, TellsKernelsBeforeAvx2FromTheRest) {
  for (const char* old : {"Prescott", "Core2", "Nehalem", "Sandybridge", "Barcelona", "Atom"}) {
    EXPECT_TRUE(is_kernel_before_avx2(old)) << old;
  }
  for (const char* fit : {"Haswell", "Zen", "Excavator", "SkylakeX", "Cooperlake", "Zen9", ""}) {
    EXPECT_FALSE(is_kernel_before_avx2(fit)) << fit;
  }
}

TEST(BlasLibrary, IsFoundInThisProcess) { EXPECT_NE(identify_blas(loaded_blas()).name, "unknown"); }

}  // namespace
}  // namespace torchhub
