#include "training/bernoulli_kernel.h"

#include "training/vectorize.h"

#include <algorithm>
#include <cmath>

namespace torchhub {
namespace {

constexpr int kWords = 624;  // of MT19937 (Matsumoto and Nishimura, mt19937ar.c)
constexpr int kApart = 397;
constexpr int kValuesAtOnce = 512;
constexpr int kBits = 53;  // of a double between 0 and 1

TORCHHUB_INLINE std::uint32_t twisted(std::uint32_t word, std::uint32_t next, std::uint32_t far) {
  const std::uint32_t mixed = (word & 0x80000000U) | (next & 0x7fffffffU);
  return far ^ (mixed >> 1) ^ ((0U - (next & 1U)) & 0x9908b0dfU);
}

TORCHHUB_INLINE void next_state(std::uint32_t* words) {
  for (int i = 0; i < kWords - kApart; ++i) {
    words[i] = twisted(words[i], words[i + 1], words[i + kApart]);
  }
  for (int i = kWords - kApart; i < kWords - 1; ++i) {
    words[i] = twisted(words[i], words[i + 1], words[i + kApart - kWords]);
  }
  words[kWords - 1] = twisted(words[kWords - 1], words[0], words[kApart - 1]);
}

TORCHHUB_INLINE void temper(const std::uint32_t* __restrict words, std::uint32_t* __restrict drawn,
                            int count) {
  for (int i = 0; i < count; ++i) {
    std::uint32_t word = words[i];
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680U;
    word ^= (word << 15) & 0xefc60000U;
    drawn[i] = word ^ (word >> 18);
  }
}

/// The next `count` words. at::mt19937 counts the word that makes a new state among those left.
TORCHHUB_INLINE void draw_words(at::mt19937_data_pod& engine, std::uint32_t* drawn, int count) {
  while (count > 0) {
    if (engine.left_ == 1) {
      next_state(engine.state_.data());
      engine.left_ = kWords + 1;
      engine.next_ = 0;
    }
    const int run = std::min(count, engine.left_ - 1);
    temper(engine.state_.data() + engine.next_, drawn, run);
    engine.left_ -= run;
    engine.next_ += static_cast<std::uint32_t>(run);
    drawn += run;
    count -= run;
  }
}

/// Of 64 bits, LibTorch takes the lower 53 for a number below 1, and compares that with p.
template <typename T>
TORCHHUB_INLINE void draw(at::mt19937_data_pod& engine, double p, T one, T* values,
                          std::int64_t size) {
  const auto below = static_cast<std::int64_t>(std::ceil(std::ldexp(p, kBits)));
  std::uint32_t words[2 * kValuesAtOnce];
  while (size > 0) {
    const int run = static_cast<int>(std::min<std::int64_t>(size, kValuesAtOnce));
    draw_words(engine, words, 2 * run);
    for (int i = 0; i < run; ++i) {
      const auto high = static_cast<std::int64_t>(words[2 * i] & ((1U << (kBits - 32)) - 1));
      const std::int64_t number = (high << 32) | static_cast<std::int64_t>(words[2 * i + 1]);
      values[i] = number < below ? one : T();
    }
    values += run;
    size -= run;
  }
}

template <typename T>
TORCHHUB_AVX2 void draw_avx2(at::mt19937_data_pod& engine, double p, T one, T* values,
                             std::int64_t size) {
  draw(engine, p, one, values, size);
}

template <typename T>
void draw_best(at::mt19937_data_pod& engine, double p, T* values, std::int64_t size) {
  const T one(1.0F);
  has_avx2() ? draw_avx2(engine, p, one, values, size) : draw(engine, p, one, values, size);
}

}  // namespace

void draw_bernoulli(at::mt19937_data_pod& engine, double p, float* values, std::int64_t size) {
  draw_best(engine, p, values, size);
}

void draw_bernoulli(at::mt19937_data_pod& engine, double p, c10::BFloat16* values,
                    std::int64_t size) {
  draw_best(engine, p, values, size);
}

}  // namespace torchhub
