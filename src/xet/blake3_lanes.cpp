#include "xet/blake3_lanes.h"

#include <cstring>

// Vectors are passed by reference into functions that are always inlined: there is no call whose
// ABI could depend on the instruction set.
#define TORCHHUB_INLINE [[gnu::always_inline]] inline

namespace torchhub::xet::blake3 {
namespace {

using Vector = std::uint32_t __attribute__((vector_size(4 * kLanes)));

TORCHHUB_INLINE void rotate_right(Vector& v, int bits) { v = (v >> bits) | (v << (32 - bits)); }

TORCHHUB_INLINE void mix(Vector& a, Vector& b, Vector& c, Vector& d, const Vector& x,
                         const Vector& y) {
  a += b + x;
  d ^= a;
  rotate_right(d, 16);
  c += d;
  b ^= c;
  rotate_right(b, 12);
  a += b + y;
  d ^= a;
  rotate_right(d, 8);
  c += d;
  b ^= c;
  rotate_right(b, 7);
}

TORCHHUB_INLINE void interleave(Vector& a, Vector& b) {
  const Vector low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
  b = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  a = low;
}

TORCHHUB_INLINE void interleave_pairs(Vector& a, Vector& b) {
  const Vector low = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
  b = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
  a = low;
}

TORCHHUB_INLINE void exchange_halves(Vector& a, Vector& b) {
  const Vector low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
  b = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  a = low;
}

/// Rows become columns.
TORCHHUB_INLINE void transpose(Vector* v) {
  for (int i = 0; i < 8; i += 2) interleave(v[i], v[i + 1]);
  // Now v[0], v[1]: words 0 and 1, then 2 and 3, of the inputs 0 and 1.
  interleave_pairs(v[0], v[2]);
  interleave_pairs(v[1], v[3]);
  interleave_pairs(v[4], v[6]);
  interleave_pairs(v[5], v[7]);
  // Now v[0], v[2], v[1], v[3]: words 0 to 3 (and 4 to 7) of the inputs 0 to 3.
  for (int i = 0; i < 4; ++i) exchange_halves(v[i], v[i + 4]);
  const Vector word1 = v[2];
  v[2] = v[1];
  v[1] = word1;
  const Vector word5 = v[6];
  v[6] = v[5];
  v[5] = word5;
}

TORCHHUB_INLINE void load_message(const LaneJob& job, std::size_t block, Vector* m) {
  for (std::size_t half = 0; half < 2; ++half) {
    Vector* rows = m + half * 8;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::memcpy(&rows[lane], job.inputs[lane] + block * kBlockBytes + half * 32, 32);
    }
    transpose(rows);
  }
}

TORCHHUB_INLINE void compress(Vector* h, const Vector* m, const Vector& low, const Vector& high,
                              std::uint32_t flags) {
  Vector v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3], v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];
  Vector v8 = Vector{} + kInitial[0], v9 = Vector{} + kInitial[1];
  Vector v10 = Vector{} + kInitial[2], v11 = Vector{} + kInitial[3];
  Vector v12 = low, v13 = high;
  Vector v14 = Vector{} + static_cast<std::uint32_t>(kBlockBytes), v15 = Vector{} + flags;
  for (const auto& s : kSchedule) {
    mix(v0, v4, v8, v12, m[s[0]], m[s[1]]);
    mix(v1, v5, v9, v13, m[s[2]], m[s[3]]);
    mix(v2, v6, v10, v14, m[s[4]], m[s[5]]);
    mix(v3, v7, v11, v15, m[s[6]], m[s[7]]);
    mix(v0, v5, v10, v15, m[s[8]], m[s[9]]);
    mix(v1, v6, v11, v12, m[s[10]], m[s[11]]);
    mix(v2, v7, v8, v13, m[s[12]], m[s[13]]);
    mix(v3, v4, v9, v14, m[s[14]], m[s[15]]);
  }
  h[0] = v0 ^ v8;
  h[1] = v1 ^ v9;
  h[2] = v2 ^ v10;
  h[3] = v3 ^ v11;
  h[4] = v4 ^ v12;
  h[5] = v5 ^ v13;
  h[6] = v6 ^ v14;
  h[7] = v7 ^ v15;
}

TORCHHUB_INLINE void hash_all(const LaneJob& job, std::array<Words, kLanes>& out) {
  Vector low{};
  Vector high{};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const std::uint64_t counter = job.counter + (job.counts_up ? lane : 0);
    low[lane] = static_cast<std::uint32_t>(counter);
    high[lane] = static_cast<std::uint32_t>(counter >> 32U);
  }
  Vector h[8];
  for (std::size_t i = 0; i < 8; ++i) h[i] = Vector{} + (*job.key)[i];
  for (std::size_t block = 0; block < job.blocks; ++block) {
    std::uint32_t flags = job.flags;
    if (block == 0) flags |= job.first_flag;
    if (block + 1 == job.blocks) flags |= job.last_flag;
    Vector m[16];
    load_message(job, block, m);
    compress(h, m, low, high, flags);
  }
  transpose(h);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::memcpy(out[lane].data(), &h[lane], sizeof(Words));
  }
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void hash_with_avx2(const LaneJob& job, std::array<Words, kLanes>& out) {
  hash_all(job, out);
}
#endif

}  // namespace

void hash_lanes(const LaneJob& job, std::array<Words, kLanes>& out) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return hash_with_avx2(job, out);
#endif
  hash_all(job, out);
}

}  // namespace torchhub::xet::blake3
