#include "base/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace torchhub {

CpuFeatures cpu_features() {
  CpuFeatures features;
#if defined(__x86_64__)
  features.x86 = true;
  features.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  // Bit 31 is for hypervisors; processors promise to keep it clear (AMD APM volume 3, E.3.2).
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0) features.hypervisor = (ecx >> 31U & 1U) != 0;
#endif
  return features;
}

}  // namespace torchhub
