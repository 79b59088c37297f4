/// For tests/peers/test_optimizers.py: states of our optimizers, schedules and scaler, and the
/// weights that the optimizers come to. usage: write_optimizer_files FOLDER
#include "torchhub/pickle/torch_file.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizer_cases.h"

#include <cstdio>
#include <exception>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::GoldenModel;

pickle::Value weights_of(const GoldenModel& model) {
  pickle::List list;
  for (const at::Tensor& weight : model.weights()) {
    list.items.emplace_back(pickle_tensor(weight.detach().clone()));
  }
  return list;
}

void write_optimizers(const fs::path& folder) {
  for (const auto& each : testing::golden_optimizers()) {
    if (each.at("dtype") != "float32") continue;
    const std::string name = each.at("case").get<std::string>();
    GoldenModel model(at::kFloat);
    const auto optimizer = testing::golden_optimizer(each, model);
    testing::run_golden_steps(model, *optimizer, 0, testing::kSavedAfter);
    pickle::Dict weights;
    weights.set("saved", weights_of(model));
    save_optimizer(*optimizer, {0.125, 0.125}, folder / (name + ".pt"));
    testing::run_golden_steps(model, *optimizer, testing::kSavedAfter, testing::kSteps);
    weights.set("end", weights_of(model));
    save_torch_file(folder / (name + "-weights.pt"), weights);
  }
}

/// Each after four steps, or after the metrics 3, 2, 2, 2.
void write_schedulers(const fs::path& folder) {
  for (const ScheduleOptions& options :
       {ScheduleOptions{.type = SchedulerType::linear, .total_steps = 10, .base_rate = 0.1},
        ScheduleOptions{.type = SchedulerType::constant, .base_rate = 0.1},
        ScheduleOptions{.type = SchedulerType::reduce_lr_on_plateau,
        .kwargs = {{"patience", std::int64_t{1}}},
        .base_rate = 0.1},
        ScheduleOptions{.type = SchedulerType::greedy,
        .kwargs = {{"patience", std::int64_t{1}}, {"smooth", true}},
        .base_rate = 0.1}}) {
    const auto scheduler = make_scheduler(options);
    for (const double metric : {3, 2, 2, 2}) {
      scheduler->step();
      scheduler->step_on_metric(metric);
    }
    save_scheduler(*scheduler, folder / (to_string(options.type) + ".pt"));
  }
}

}  // namespace
}  // namespace torchhub

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_optimizer_files FOLDER\n");
    return 2;
  }
  try {
    torchhub::write_optimizers(argv[1]);
    torchhub::write_schedulers(argv[1]);
    torchhub::save_scaler(torchhub::GradScaler({.init_scale = 512}),
                          std::filesystem::path(argv[1]) / "scaler.pt");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
