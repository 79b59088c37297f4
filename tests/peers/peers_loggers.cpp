// usage: peers_loggers OUTPUT_DIR
// Tells every logger of report_to=all of a run of 40 updates, its resume, and an
// evaluation after it. Prints what it told them as JSON: {"scalars": {tag: [[step, value], ...]},
// "texts": {tag: [[step, text], ...]}}.
#include "torchhub/base/python_format.h"
#include "torchhub/callbacks/logging_callback.h"
#include "torchhub/callbacks/report_to.h"
#include "torchhub/models/model.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

using namespace torchhub;

namespace {

struct SmallConfig : PretrainedConfig {
  SmallConfig() { model_type = "small"; }
};

class SmallModel : public PreTrainedModel {
 public:
  SmallModel() : PreTrainedModel(SmallConfig()) {}
  ModelOutput forward(const Batch& /*batch*/) override { return {}; }
};

class ToldRun {
 public:
  explicit ToldRun(const std::filesystem::path& output_dir) {
    args_.output_dir = output_dir;
    callbacks_ = make_loggers({"all"}, {.output_dir = output_dir});
  }

  void train(std::int64_t from, std::int64_t to) {
    state_.global_step = from;
    for (const auto& callback : callbacks_) callback->on_train_begin(event());
    told("texts", "args", 0, python_json(to_json(args_), {.sort_keys = false}));
    told("texts", "model_config", 0, model_.config().to_json_string());
    for (std::int64_t step = from + 1; step <= to; ++step) {
      state_.global_step = step;
      const double x = static_cast<double>(step);
      log({{"loss", step == 7 ? std::numeric_limits<double>::quiet_NaN() : 1 / x},
           {"learning_rate", 5e-5 / x},
           {"num_input_tokens_seen", step * 100},
           {"epoch", x / 10}});
      if (step % 10 == 0) evaluate();
    }
    log({{"note", fmt::format("Käse, \"{}\"\n", to)}, {"total_flos", 1.5e18}});
    for (const auto& callback : callbacks_) callback->on_train_end(event());
  }

  void evaluate() {
    const double x = static_cast<double>(state_.global_step);
    log({{"eval_loss", std::exp(-x / 20)}, {"eval_f1, \"macro\"", x / 50}, {"eval_ok", true}});
  }

  std::string told() const { return python_json(told_, {.indent = -1, .sort_keys = false}); }

 private:
  TrainerEvent event() { return {args_, plan_, state_, control_, model_}; }

  void told(const char* kind, const std::string& tag, std::int64_t step,
            const nlohmann::ordered_json& value) {
    told_[kind][tag].push_back({step, value});
  }

  void log(const LogRow& row) {
    state_.log_history.push_back(row);
    state_.log_history.back().emplace_back("step", state_.global_step);
    for (const auto& callback : callbacks_) callback->on_log(event(), row);
    const nlohmann::ordered_json json = to_json(row);
    for (const auto& [key, value] : json.items()) {
      told(value.is_string() ? "texts" : "scalars", logger_tag(key), state_.global_step, value);
    }
  }

  TrainingArguments args_ = {};
  TrainingPlan plan_ = {};
  TrainerState state_ = {};
  TrainerControl control_ = {};
  SmallModel model_;
  std::vector<std::shared_ptr<TrainerCallback>> callbacks_;
  nlohmann::ordered_json told_ = nlohmann::ordered_json::object();
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  ToldRun run(argv[1]);
  run.train(0, 20);
  run.train(20, 40);
  run.evaluate();
  fmt::print("{}\n", run.told());
  return 0;
}
