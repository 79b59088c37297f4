// How much memory files take that another thread writes, piece by piece.
#include "support/heap_bytes.h"
#include "torchhub/weights/deferred_files.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace torchhub {
namespace {

using testing::heap_bytes;

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kLargest = 8 * kPiece;
constexpr std::size_t kState = 3 * 16 * kPiece;  // three times the tensors below
/// The piece that is being written, and what is noted of the tensors.
constexpr std::size_t kNoTensors = kPiece + kPiece / 4;

/// The tensors of a model, with two moments of each as Adam has them.
struct State {
  std::vector<at::Tensor> tensors;
  std::vector<at::Tensor> before;

  State() {
    for (int copies = 0; copies < 3; ++copies) {
      for (const std::size_t bytes : {4 * kPiece, kLargest, 3 * kPiece, kPiece}) {
        tensors.push_back(torch::rand({static_cast<std::int64_t>(bytes / sizeof(float))}));
        before.push_back(tensors.back().clone());
      }
    }
  }
  std::size_t bytes() const {
    std::size_t all = 0;
    for (const at::Tensor& tensor : tensors) all += tensor.nbytes();
    return all;
  }
};

/// Writes a state beside training, whose step comes before one of the pieces.
class Saving {
 public:
  /// @param step_before of so many pieces; beyond the last one: the step outlasts the writing
  Saving(State& state, std::size_t step_before) : state_(state), step_before_(step_before) {
    base_ = heap_bytes();
    for (const at::Tensor& tensor : state_.tensors) steady_.insert(tensor.data_ptr());
    files_ = std::make_unique<DeferredFiles>(steady_);
    for (std::size_t i = 0; i < state_.tensors.size(); ++i) {
      files_->add(std::to_string(i), [this, i, taken = files_->take(state_.tensors[i])](
                                         const DeferredFiles::Writing& how) {
        return read(taken, state_.before[i], how);
      });
    }
    look();
  }
  void expect_step(std::chrono::milliseconds from_now) {
    files_->expect_keep_at(std::chrono::steady_clock::now() + from_now);
  }
  void write() {
    step_if(0);
    files_->write();
    if (!stepped_) step();
  }
  std::size_t most() const { return most_; }  ///< In use more than without the save.
  std::size_t now() const { return heap_bytes() - std::min(base_, heap_bytes()); }
  bool is_right() const { return is_right_; }

 private:
  WrittenFile read(const at::Tensor& tensor, const at::Tensor& before,
                   const DeferredFiles::Writing& how) {
    const auto* at = static_cast<const std::byte*>(tensor.data_ptr());
    for (std::size_t begin = 0; begin < tensor.nbytes(); begin += kPiece) {
      const auto piece = how.bytes_now({at + begin, kPiece});
      const auto* right = static_cast<const std::byte*>(before.data_ptr()) + begin;
      is_right_ = is_right_ && std::memcmp(piece.data(), right, kPiece) == 0;
      look();
      step_if(++pieces_);
    }
    return {.size = tensor.nbytes()};
  }
  void step_if(std::size_t pieces) {
    if (!stepped_ && pieces == step_before_) step();
  }
  void step() {
    stepped_ = true;
    files_->keep();
    look();
    for (at::Tensor& tensor : state_.tensors) tensor.zero_();
  }
  void look() { most_ = std::max(most_, now()); }

  State& state_;
  std::size_t step_before_;
  std::size_t base_ = 0;
  std::unordered_set<const void*> steady_;
  std::unique_ptr<DeferredFiles> files_;
  std::size_t pieces_ = 0;
  std::size_t most_ = 0;
  bool stepped_ = false;
  bool is_right_ = true;
};

constexpr std::size_t kNever = kState;
using std::chrono::milliseconds;

TEST(DeferredMemory, IsLessThanTheLargestTensorWhereTheStepOutlastsTheWriting) {
  for (const auto& expected :
       {std::optional<milliseconds>(), std::optional(milliseconds(60'000))}) {
    State state;
    Saving saving(state, kNever);
    if (expected) saving.expect_step(*expected);
    saving.write();
    EXPECT_TRUE(saving.is_right());
    EXPECT_LE(saving.most(), kLargest);
    EXPECT_LE(saving.now(), kNoTensors);
  }
}

TEST(DeferredMemory, IsNeverMoreThanOneCopyOfTheStateWhereverTheStepComes) {
  for (std::size_t pieces = 0; pieces < kState / kPiece; pieces += 5) {
    for (const bool expects : {false, true}) {
      SCOPED_TRACE(::testing::Message() << pieces << " pieces before, " << expects);
      State state;
      ASSERT_EQ(state.bytes(), kState);
      Saving saving(state, pieces);
      if (expects) saving.expect_step(milliseconds(0));  // the writing thread copies ahead
      saving.write();
      EXPECT_TRUE(saving.is_right());
      EXPECT_LE(saving.most(), kState + kNoTensors);
      EXPECT_GE(saving.most(), kState - pieces * kPiece);  // else nothing was measured
      EXPECT_LE(saving.now(), kNoTensors);
    }
  }
}

}  // namespace
}  // namespace torchhub
