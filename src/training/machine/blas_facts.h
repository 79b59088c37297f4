#pragma once

#include "torchhub/training/machine_report.h"

#include <string>

namespace torchhub {

/// What can be asked of a BLAS at run time. Empty: it does not know the question.
struct BlasFacts {
  std::string path = {};             ///< Where `sgemm_` comes from, links resolved.
  std::string openblas_config = {};  ///< openblas_get_config(): "OpenBLAS 0.3.21 ... DYNAMIC_ARCH".
  std::string openblas_corename = {};
  int openblas_parallel = 0;  ///< openblas_get_parallel(): 1 has threads of its own, 2 OpenMP's.
  int openblas_threads = 0;
  std::string mkl_version = {};      ///< mkl_get_version_string(), a sentence.
  std::string blis_version = {};     ///< bli_info_get_version_str().
  std::string libtorch_config = {};  ///< at::show_config(); names a BLAS that is linked in.
};

/// Asks the BLAS of this process.
BlasFacts loaded_blas();

BlasLibrary identify_blas(const BlasFacts& facts);

/// Is `kernel` one of OpenBLAS's for x86-64 processors before AVX2? Names that it does not know,
/// those of processors yet to come, are no such.
bool is_kernel_before_avx2(const std::string& kernel);

/// Gives an OpenBLAS with threads of its own this many; does nothing to another BLAS.
void set_blas_threads(int count);

}  // namespace torchhub
