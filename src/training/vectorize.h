#pragma once

/// A loop compiled twice: for what every processor of the platform has, and for AVX2, which all
/// x86 processors since 2013 have and g++ does not assume. Rounding is the same in both, because
/// the sources that do this are built with -ffp-contract=off.
#if defined(__x86_64__) && defined(__GNUC__)
#define TORCHHUB_AVX2 __attribute__((target("avx2")))
#define TORCHHUB_INLINE inline __attribute__((always_inline))
namespace torchhub {
inline bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }
}  // namespace torchhub
#else
#define TORCHHUB_AVX2
#define TORCHHUB_INLINE inline
namespace torchhub {
inline bool has_avx2() { return false; }
}  // namespace torchhub
#endif
