#pragma once

namespace torchhub {

/// Has dropout on the CPU draw its masks in vector instructions, wherever this program calls it.
/// LibTorch without MKL draws them number by number, a seventh of a small encoder's step
/// (docs/performance.md). The masks are the same, bit for bit, and so is the generator afterwards.
/// What changes is the kernel of `Tensor::bernoulli_(p)` for float and bfloat16, nothing else.
///
/// Holds for the whole program from the first call on.
/// @return whether it is so now; false where LibTorch has MKL, whose own masks are other ones
/// and fast. Safe from several threads
bool vectorize_dropout();

}  // namespace torchhub
