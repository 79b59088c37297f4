#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizer_cases.h"
#include "training/optimizers/optimizer_state.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace torchhub {
namespace {

using pickle::Dict;
using pickle::Value;
using testing::golden_optimizer;
using testing::golden_optimizers;
using testing::golden_path;
using testing::GoldenModel;
using testing::kSavedAfter;
using testing::kSteps;
using testing::message_of;
using testing::run_golden_steps;
using testing::TempDir;

constexpr double kRate = 0.01;

/// Two updates on noise, so that every parameter has moments.
std::unique_ptr<torch::optim::Optimizer> trained(torch::nn::Linear& net,
                                                 const OptimizerOptions& options = {
                                                     .learning_rate = kRate, .weight_decay = 0.1}) {
  auto optimizer = make_optimizer(*net, options);
  for (int i = 0; i < 2; ++i) {
    optimizer->zero_grad();
    net->forward(torch::randn({4, 3})).pow(2).mean().backward();
    optimizer->step();
  }
  return optimizer;
}

/// The file of trained() with something else in it.
std::string with(const TempDir& folder, torch::nn::Linear& net,
                 const std::function<void(Dict& all)>& change) {
  save_optimizer(*trained(net), {kRate, kRate}, folder / "optimizer.pt");
  Dict all = load_torch_file(folder / "optimizer.pt").dict();
  change(all);
  save_torch_file(folder / "changed.pt", all);
  return folder / "changed.pt";
}

void set_in_first_state(Dict& all, const char* key, Value value) {
  Dict states = all.at("state").dict();
  Dict first = states.at(0).dict();
  first.set(key, std::move(value));
  states.set(0, first);
  all.set("state", states);
}

void set_in_first_group(Dict& all, const char* key, Value value) {
  pickle::List groups{all.at("param_groups").items()};
  Dict first = groups.items[0].dict();
  first.set(key, std::move(value));
  groups.items[0] = first;
  all.set("param_groups", groups);
}

std::string refusal(torch::nn::Linear& net, const std::string& file,
                    const OptimizerOptions& options = {}) {
  const auto optimizer = make_optimizer(*net, options);
  return message_of<CheckpointError>([&] { load_optimizer(*optimizer, *net, file); });
}

void expect_part(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << part << "\nin: " << message;
}

TEST(OptimizerFile, IsPythonsButForTheLastDigits) {
  const TempDir folder;
  for (const auto& each : golden_optimizers()) {
    if (each.at("dtype") != "float32") continue;
    SCOPED_TRACE(each.dump().substr(0, 150));
    GoldenModel model(at::kFloat);
    const auto optimizer = golden_optimizer(each, model);
    run_golden_steps(model, *optimizer, 0, kSavedAfter);
    const bool relative = each.dump().find("\"relative_step\":true") != std::string::npos;
    const std::vector<double> base =
        relative ? std::vector<double>{} : std::vector<double>{0.125, 0.125};
    save_optimizer(*optimizer, base, folder / "optimizer.pt");
    const Value ours = load_torch_file(folder / "optimizer.pt");
    const Value python =
        load_torch_file(golden_path("optimizers/" + each.at("case").get<std::string>() + ".pt"));

    // Key by key and in the same order; numbers may be whole in one and not in the other.
    const auto expect_same = [](const Value& a, const Value& b, const auto& self) -> void {
      if (const auto* dict = a.if_is<Dict>()) {
        ASSERT_EQ(dict->items.size(), b.dict().items.size());
        for (std::size_t i = 0; i < dict->items.size(); ++i) {
          const auto& [key, value] = dict->items[i];
          if (key.is<std::int64_t>()) {  // Python's states are in the order of first updates
            SCOPED_TRACE(key.integer());
            self(value, b.dict().at(key), self);
            continue;
          }
          ASSERT_EQ(key, b.dict().items[i].first);
          SCOPED_TRACE(key.text());
          self(value, b.dict().items[i].second, self);
        }
      } else if (a.is<pickle::List>() || a.is<pickle::Tuple>()) {
        ASSERT_EQ(a.kind(), b.kind());
        ASSERT_EQ(a.items().size(), b.items().size());
        for (std::size_t i = 0; i < a.items().size(); ++i) self(a.items()[i], b.items()[i], self);
      } else if (const auto* tensor = a.if_is<pickle::Tensor>()) {
        ASSERT_EQ(tensor->shape, b.tensor().shape);
        ASSERT_EQ(tensor->type, b.tensor().type);
        EXPECT_TRUE(torch::allclose(tensor_of(*tensor), tensor_of(b.tensor()), 1e-6, 1e-7));
      } else if (a.is<double>()) {
        EXPECT_EQ(a.number(), b.number());
      } else {
        EXPECT_EQ(a, b);
      }
    };
    expect_same(ours, python, expect_same);
  }
}

TEST(OptimizerFile, BringsEveryOptimizerBackBitForBit) {
  const TempDir folder;
  for (const auto& each : golden_optimizers()) {
    SCOPED_TRACE(each.dump().substr(0, 150));
    GoldenModel model(each.at("dtype") == "float32" ? at::kFloat : at::kDouble);
    const auto optimizer = golden_optimizer(each, model);
    run_golden_steps(model, *optimizer, 0, kSavedAfter);
    save_optimizer(*optimizer, {}, folder / "optimizer.pt");
    std::vector<at::Tensor> saved;
    for (const at::Tensor& weight : model.weights()) saved.push_back(weight.detach().clone());
    run_golden_steps(model, *optimizer, kSavedAfter, kSteps);
    std::vector<at::Tensor> end;
    for (const at::Tensor& weight : model.weights()) end.push_back(weight.detach().clone());

    for (std::size_t i = 0; i < saved.size(); ++i) model.weights()[i].detach().copy_(saved[i]);
    const auto fresh = golden_optimizer(each, model);
    load_optimizer(*fresh, model, folder / "optimizer.pt");
    run_golden_steps(model, *fresh, kSavedAfter, kSteps);
    for (std::size_t i = 0; i < end.size(); ++i) {
      EXPECT_TRUE(torch::equal(model.weights()[i].detach(), end[i])) << i;
    }
  }
}

TEST(OptimizerFile, OfLibTorchsOwnAdamComesBack) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  const auto make = [&] {
    return torch::optim::Adam(net->parameters(), torch::optim::AdamOptions(0.1).amsgrad(true));
  };
  torch::optim::Adam adam = make();
  net->forward(torch::randn({4, 3})).pow(2).mean().backward();
  adam.step();
  EXPECT_TRUE(can_save_optimizer(adam));
  save_optimizer(adam, {}, folder / "adam.pt");
  torch::optim::Adam fresh = make();
  load_optimizer(fresh, *net, folder / "adam.pt");
  const auto* before = optimizer_state<torch::optim::AdamParamState>(adam, net->weight);
  const auto* after = optimizer_state<torch::optim::AdamParamState>(fresh, net->weight);
  EXPECT_TRUE(torch::equal(before->exp_avg_sq(), after->exp_avg_sq()));
  EXPECT_TRUE(torch::equal(before->max_exp_avg_sq(), after->max_exp_avg_sq()));
  // AdamW decays in another way.
  torch::optim::AdamW adamw(net->parameters());
  expect_part(
      message_of<CheckpointError>([&] { load_optimizer(adamw, *net, folder / "adam.pt"); }),
      "it was trained with decoupled_weight_decay=false, which this optimizer does not do.");
}

TEST(OptimizerFile, OfAKindThatIsNotKnownIsRefusedBeforeItIsWritten) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  torch::optim::LBFGS lbfgs(net->parameters());
  EXPECT_FALSE(can_save_optimizer(lbfgs));
  expect_part(
      message_of<InvalidArgumentError>([&] { save_optimizer(lbfgs, {}, folder / "lbfgs.pt"); }),
      "torchhub knows LibTorch's Adam, AdamW, SGD, Adagrad and RMSprop and its own. Use one of "
      "these, or set save_only_model.");
  EXPECT_FALSE(std::filesystem::exists(folder / "lbfgs.pt"));
  EXPECT_THROW(load_optimizer(lbfgs, *net, folder / "lbfgs.pt"), InvalidArgumentError);
}

TEST(OptimizerFile, BringsItsSettingsAsInPython) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  const auto saved = make_optimizer(*net, {.learning_rate = kRate,
                                           .weight_decay = 0.1,
                                           .adam_beta2 = 0.95,
                                           .adam_epsilon = 1e-6,
                                           .optim_args = "amsgrad=true"});
  save_optimizer(*saved, {kRate, kRate}, folder / "optimizer.pt");
  for (const ResumedRates rates : {ResumedRates::of_checkpoint, ResumedRates::of_this_run}) {
    const auto fresh = make_optimizer(*net, {.learning_rate = 0.5});
    load_optimizer(*fresh, *net, folder / "optimizer.pt", rates);
    for (const auto& group : fresh->param_groups()) {
      const auto& options = static_cast<const torch::optim::AdamWOptions&>(group.options());
      EXPECT_EQ(std::get<1>(options.betas()), 0.95);
      EXPECT_EQ(options.eps(), 1e-6);
      EXPECT_TRUE(options.amsgrad());
      EXPECT_EQ(options.lr(), rates == ResumedRates::of_checkpoint ? kRate : 0.5);
    }
    const auto decay = [&](std::size_t group) {
      return static_cast<const torch::optim::AdamWOptions&>(fresh->param_groups()[group].options())
          .weight_decay();
    };
    EXPECT_EQ(decay(0), 0.1);
    EXPECT_EQ(decay(1), 0);
  }
}

TEST(OptimizerFile, TakesAwayStatesThatItDoesNotHave) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  const auto fresh = make_optimizer(*net, {.learning_rate = kRate});
  save_optimizer(*fresh, {}, folder / "optimizer.pt");
  const auto used = trained(net);
  load_optimizer(*used, *net, folder / "optimizer.pt");
  EXPECT_EQ(optimizer_state<torch::optim::AdamWParamState>(*used, net->weight), nullptr);
  // Adagrad cannot do without one.
  const OptimizerOptions adagrad{.name = OptimizerName::adagrad, .learning_rate = kRate};
  save_optimizer(*make_optimizer(*net, adagrad), {}, folder / "adagrad.pt");
  Dict all = load_torch_file(folder / "adagrad.pt").dict();
  all.set("state", Dict{});
  save_torch_file(folder / "adagrad.pt", all);
  const auto other = make_optimizer(*net, adagrad);
  load_optimizer(*other, *net, folder / "adagrad.pt");
  net->forward(torch::randn({4, 3})).pow(2).mean().backward();
  other->step();
}

TEST(OptimizerFile, WithAStepThatIsNoNumberOfUpdatesIsRefused) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  for (const torch::Tensor& step :
       {torch::tensor({1.0F, 2.0F}), torch::tensor(std::nanf("")), torch::tensor(-1.0F)}) {
    const std::string file =
        with(folder, net, [&](Dict& all) { set_in_first_state(all, "step", pickle_tensor(step)); });
    expect_part(refusal(net, file), "'step' of parameter 'weight' is no number of updates.");
  }
  const std::string file =
      with(folder, net, [&](Dict& all) { set_in_first_state(all, "step", "seven"); });
  expect_part(refusal(net, file), "of parameter 'weight': ");
  // A whole number is as good as a tensor.
  const std::string whole =
      with(folder, net, [&](Dict& all) { set_in_first_state(all, "step", 7); });
  const auto optimizer = make_optimizer(*net, {});
  load_optimizer(*optimizer, *net, whole);
  EXPECT_EQ(optimizer_state<torch::optim::AdamWParamState>(*optimizer, net->weight)->step(), 7);
}

TEST(OptimizerFile, WithSettingsThatCannotBeIsRefused) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  const std::vector<std::pair<const char*, Value>> wrong{{"betas", pickle::Tuple{{0.9, 1.5}}},
                                                         {"betas", pickle::Tuple{{0.9}}},
                                                         {"betas", "0.9"},
                                                         {"eps", -1.0},
                                                         {"eps", std::nan("")},
                                                         {"weight_decay", INFINITY},
                                                         {"amsgrad", "yes"},
                                                         {"maximize", true},
                                                         {"lr", -1.0},
                                                         {"params", pickle::List{{0, 1, 2}}},
                                                         {"params", pickle::List{{"0"}}},
                                                         {"params", 0}};
  for (const auto& [key, value] : wrong) {
    SCOPED_TRACE(key);
    const std::string file =
        with(folder, net, [&](Dict& all) { set_in_first_group(all, key, value); });
    expect_part(refusal(net, file), "'" + file + "' cannot be used: ");
  }
}

TEST(OptimizerFile, OfAnotherModelIsRefusedByName) {
  const TempDir folder;
  torch::nn::Linear small(3, 2);
  save_optimizer(*trained(small), {kRate, kRate}, folder / "optimizer.pt");
  torch::nn::Linear wide(3, 5);
  EXPECT_EQ(refusal(wide, folder / "optimizer.pt"),
            "'" + (folder / "optimizer.pt").string() +
                "' cannot be used: 'exp_avg' of parameter 'weight' has another shape than the "
                "parameter. Resume with the model and settings that the checkpoint was saved from, "
                "or choose another checkpoint.");
  torch::nn::Sequential deep(torch::nn::Linear(3, 2), torch::nn::Linear(2, 2));
  const auto optimizer = make_optimizer(*deep, {});
  EXPECT_THROW(load_optimizer(*optimizer, *deep, folder / "optimizer.pt"), CheckpointError);
}

TEST(OptimizerFile, OfAnotherKindIsRefused) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  const std::vector<std::pair<OptimizerName, std::string>> kinds{
      {OptimizerName::adamw_torch, "AdamW: its groups have no 'betas'"},
      {OptimizerName::sgd, "SGD: its groups have no 'dampening'"},
      {OptimizerName::adagrad, "Adagrad: its groups have no 'lr_decay'"},
      {OptimizerName::rmsprop, "RMSprop: its groups have no 'alpha'"},
      {OptimizerName::adafactor, "Adafactor: its groups have no 'clip_threshold'"}};
  for (const auto& [saved, ignored] : kinds) {
    save_optimizer(*trained(net, {.name = saved}), {}, folder / "optimizer.pt");
    for (const auto& [name, part] : kinds) {
      if (name == saved) continue;
      expect_part(refusal(net, folder / "optimizer.pt", {.name = name}),
                  "it is of another kind of optimizer than " + part);
    }
  }
}

TEST(OptimizerFile, LeavesTheOptimizerAsItWasIfTheLastParameterDoesNotFit) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  const std::string file = with(folder, net, [&](Dict& all) {
    Dict states = all.at("state").dict();
    Dict last = states.at(1).dict();
    last.set("exp_avg_sq", pickle_tensor(torch::zeros({7})));
    states.set(1, last);
    all.set("state", states);
    set_in_first_group(all, "eps", 0.5);
  });
  const auto optimizer = trained(net);
  const auto* state = optimizer_state<torch::optim::AdamWParamState>(*optimizer, net->weight);
  const torch::Tensor before = state->exp_avg().clone();
  EXPECT_THROW(load_optimizer(*optimizer, *net, file), CheckpointError);
  EXPECT_EQ(optimizer_state<torch::optim::AdamWParamState>(*optimizer, net->weight), state);
  EXPECT_TRUE(torch::equal(before, state->exp_avg()));
  const auto& options = optimizer->param_groups()[0].options();
  EXPECT_EQ(static_cast<const torch::optim::AdamWOptions&>(options).eps(), 1e-8);
}

TEST(OptimizerFile, CutOrFlippedAnywhereIsRefusedOrRead) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  save_optimizer(*trained(net), {kRate, kRate}, folder / "optimizer.pt");
  const std::string bytes = read_file(folder / "optimizer.pt");
  for (std::size_t length = 0; length < bytes.size(); length += 97) {
    SCOPED_TRACE(length);
    write_file_atomically(folder / "cut.pt", bytes.substr(0, length));
    EXPECT_THROW(load_optimizer(*make_optimizer(*net, {}), *net, folder / "cut.pt"),
                 CheckpointError);
  }
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 29) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    write_file_atomically(folder / "flipped.pt", flipped);
    try {  // a name or a gap in the archive may hold anything
      load_optimizer(*make_optimizer(*net, {}), *net, folder / "flipped.pt");
    } catch (const CheckpointError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace torchhub
