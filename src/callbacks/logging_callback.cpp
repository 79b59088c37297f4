#include "torchhub/callbacks/logging_callback.h"

#include "base/folder_name.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/base/python_format.h"
#include "torchhub/models/model.h"

#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

std::optional<double> scalar_of(const LogValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* flag = std::get_if<bool>(&value))
    return *flag ? 1 : 0;  // Python's bool is an int
  return std::nullopt;
}

}  // namespace

std::string logger_tag(std::string_view key) {
  for (const std::string_view part : {"eval", "test"}) {
    if (key.starts_with(part) && key.substr(part.size()).starts_with('_')) {
      return std::string(part).append("/").append(key.substr(part.size() + 1));
    }
  }
  return std::string("train/").append(key);
}

LoggingCallback::LoggingCallback(std::shared_ptr<ExperimentLogger> logger, std::string run_name)
    : logger_(std::move(logger)), run_name_(std::move(run_name)) {
  if (!logger_) throw InvalidArgumentError("LoggingCallback needs a logger.");
}

std::string LoggingCallback::name() const { return logger_->name(); }

std::string LoggingCallback::named_run(const TrainingArguments& args) const {
  const std::string given = run_name_.empty() ? args.run_name.value_or("") : run_name_;
  return given.empty() ? folder_name(args.output_dir) : given;
}

void LoggingCallback::begin(const TrainerEvent& event) {
  RunFacts run{.output_dir = event.args.output_dir,
               .run_name = named_run(event.args),
               .args_json = python_json(to_json(event.args), {.sort_keys = false}),
               .global_step = event.state.global_step};
  if (const auto* model = dynamic_cast<const PreTrainedModel*>(&event.model)) {
    run.model_config_json = model->config().to_json_string();
  }
  if (event.state.is_hyper_param_search) run.trial_name = event.state.trial_name;
  logger_->begin(run);
  begun_ = true;
}

void LoggingCallback::on_train_begin(const TrainerEvent& event) {
  if (!event.state.is_world_process_zero) return;
  end();  // an evaluation before the training may have begun it
  begin(event);
}

void LoggingCallback::on_log(const TrainerEvent& event, const LogRow& logs) {
  if (!event.state.is_world_process_zero) return;
  if (!begun_) begin(event);
  std::vector<LoggedScalar> scalars;
  for (const auto& [key, value] : logs) {
    if (const auto number = scalar_of(value)) {
      scalars.push_back({logger_tag(key), *number});
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      logger_->text(logger_tag(key), event.state.global_step, *text);
    } else {
      warn_of(key);
    }
  }
  if (!scalars.empty()) logger_->scalars(event.state.global_step, scalars);
}

void LoggingCallback::on_train_end(const TrainerEvent& /*event*/) { end(); }
void LoggingCallback::on_exception(const TrainerEvent& /*event*/, const std::exception& /*error*/) {
  end();
}

void LoggingCallback::end() {
  if (!begun_) return;
  begun_ = false;
  logger_->end();
}

void LoggingCallback::warn_of(const std::string& key) {
  if (!dropped_.insert(key).second) return;
  log::warning("log_value_dropped",
               {{"logger", name()}, {"key", key}, {"reason", "it is neither a number nor a text"}});
}

}  // namespace torchhub
