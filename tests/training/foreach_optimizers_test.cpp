#include "training/optimizers/foreach_optimizers.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

namespace torchhub {
namespace {

using Tensors = std::vector<torch::Tensor>;
using torch::optim::AdagradOptions;
using torch::optim::RMSpropOptions;
using torch::optim::SGDOptions;

/// Two groups with settings of their own, of float and double, in several shapes.
Tensors parameters() {
  torch::manual_seed(3);
  Tensors all = {torch::randn({4, 3}), torch::randn({5}), torch::randn({2, 2}, torch::kFloat64),
                 torch::randn({3, 4}).t(), torch::randn({})};
  for (torch::Tensor& parameter : all) parameter.set_requires_grad(true);
  return all;
}

template <typename Optimizer, typename Options>
Optimizer over(const Tensors& all, const Options& first, const Options& second) {
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(Tensors(all.begin(), all.begin() + 3), std::make_unique<Options>(first));
  groups.emplace_back(Tensors(all.begin() + 3, all.end()), std::make_unique<Options>(second));
  return Optimizer(std::move(groups), first);
}

/// The same gradients every time; the parameter of an odd number misses every third update.
void set_gradients(const Tensors& all, int update) {
  torch::manual_seed(100 + update);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const torch::Tensor gradient = torch::randn_like(all[i].detach());
    all[i].mutable_grad() = update % 3 == 1 && i % 2 == 1 ? torch::Tensor() : gradient;
  }
}

/// After each of seven updates, ours are bit for bit LibTorch's.
template <typename Ours, typename LibTorchs, typename Options>
void expect_same(const Options& first, const Options& second) {
  const Tensors own = parameters();
  const Tensors theirs = parameters();
  Ours ours = over<Ours>(own, first, second);
  LibTorchs libtorch = over<LibTorchs>(theirs, first, second);
  for (int update = 0; update < 7; ++update) {
    set_gradients(own, update);
    set_gradients(theirs, update);
    ours.step();
    libtorch.step();
    for (std::size_t i = 0; i < own.size(); ++i) {
      EXPECT_TRUE(torch::equal(own[i], theirs[i])) << "parameter " << i << ", update " << update;
    }
  }
  EXPECT_FALSE(torch::equal(own[0], parameters()[0])) << "nothing was learned";
}

TEST(ForeachSgd, UpdatesAsLibTorchDoes) {
  const auto same = expect_same<ForeachSgd, torch::optim::SGD, SGDOptions>;
  same(SGDOptions(0.1), SGDOptions(0.01).weight_decay(0.1));
  same(SGDOptions(0.1).momentum(0.9), SGDOptions(0.1).momentum(0.5).dampening(0.2));
  same(SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(0.01), SGDOptions(0.3));
}

TEST(ForeachAdagrad, UpdatesAsLibTorchDoes) {
  const auto same = expect_same<ForeachAdagrad, torch::optim::Adagrad, AdagradOptions>;
  same(AdagradOptions(0.1), AdagradOptions(0.01).weight_decay(0.1));
  same(AdagradOptions(0.1).lr_decay(0.1).initial_accumulator_value(0.5), AdagradOptions(0.2));
}

TEST(ForeachRmsprop, UpdatesAsLibTorchDoes) {
  const auto same = expect_same<ForeachRmsprop, torch::optim::RMSprop, RMSpropOptions>;
  same(RMSpropOptions(0.1), RMSpropOptions(0.01).weight_decay(0.1));
  same(RMSpropOptions(0.1).momentum(0.9), RMSpropOptions(0.1).centered(true));
  same(RMSpropOptions(0.1).momentum(0.9).centered(true).alpha(0.8), RMSpropOptions(0.3));
}

/// A gradient with two rows of four.
torch::Tensor sparse_gradient() {
  return torch::sparse_coo_tensor(torch::tensor({{0, 2}}),
                                  torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}}), {4, 2});
}

template <typename Ours, typename LibTorchs>
void expect_same_with_sparse() {
  const Tensors own = {torch::ones({4, 2}, torch::requires_grad()),
                       torch::ones({3}, torch::requires_grad())};
  const Tensors theirs = {torch::ones({4, 2}, torch::requires_grad()),
                          torch::ones({3}, torch::requires_grad())};
  Ours ours(own, 0.1);
  LibTorchs libtorch(theirs, 0.1);
  for (int update = 0; update < 3; ++update) {
    for (const Tensors& all : {own, theirs}) {
      all[0].mutable_grad() = sparse_gradient();
      all[1].mutable_grad() = torch::full({3}, 0.5);
    }
    ours.step();
    libtorch.step();
  }
  EXPECT_TRUE(torch::equal(own[0], theirs[0]));
  EXPECT_TRUE(torch::equal(own[1], theirs[1]));
  EXPECT_LT(own[1][0].item<float>(), 1);
}

TEST(ForeachOptimizers, TakeSparseGradientsAsLibTorchDoes) {
  expect_same_with_sparse<ForeachSgd, torch::optim::SGD>();
  expect_same_with_sparse<ForeachAdagrad, torch::optim::Adagrad>();
}

TEST(ForeachOptimizers, DoNothingWithoutGradientsAndGiveBackTheLossOfAClosure) {
  const Tensors own = {torch::ones({2}, torch::requires_grad())};
  ForeachSgd sgd(own, SGDOptions(0.1).momentum(0.9));
  ForeachRmsprop rmsprop(own, 0.1);
  ForeachAdagrad adagrad(own, 0.1);
  for (torch::optim::Optimizer* optimizer :
       std::initializer_list<torch::optim::Optimizer*>{&sgd, &rmsprop, &adagrad}) {
    optimizer->step();
    EXPECT_TRUE(torch::equal(own[0], torch::ones({2})));
  }
  const torch::Tensor loss = sgd.step([&] {
    const torch::Tensor sum = (own[0] * own[0]).sum();
    sum.backward();
    return sum;
  });
  EXPECT_EQ(loss.item<float>(), 2);
  EXPECT_LT(own[0][0].item<float>(), 1);
}

}  // namespace
}  // namespace torchhub
