#pragma once

namespace torchhub {

/// What the processor says of itself (CPUID), without help of the system. All false but on x86-64.
struct CpuFeatures {
  bool x86 = false;
  bool avx2 = false;        ///< With FMA, which every AVX2 kernel of a BLAS needs as well.
  bool hypervisor = false;  ///< This is a virtual machine.
};

CpuFeatures cpu_features();

}  // namespace torchhub
