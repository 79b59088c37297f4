#include "torchhub/callbacks/progress.h"

#include "callbacks/progress_bar.h"
#include "callbacks/short_number.h"
#include "torchhub/data/loader.h"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

namespace torchhub {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{100};
constexpr int kUsualColumns = 80;
constexpr std::size_t kLongestText = 100;
constexpr const char* kClearLine = "\r\x1b[K";
constexpr const char* kUp = "\x1b[A";

std::string shown(const std::string& text) {
  return text.size() <= kLongestText ? text : "(too long to show)";
}

/// Four significant digits for numbers; long texts are only announced.
std::string value_text(const LogValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return short_number(*number);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) {
    return shown(*text);
  }
  if (const auto* json = std::get_if<JsonText>(&value)) return shown(json->text);
  return "null";
}

std::string row_text(const LogRow& logs) {
  std::string text;
  for (const auto& [key, value] : logs) {
    if (key == "total_flos") continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", key, value_text(value));
  }
  return text;
}

/// A stream that is closed or full must not end training, so errors are nobody's business here.
void put(std::FILE* out, const std::string& text) {
  std::fputs(text.c_str(), out);
  std::fflush(out);
}

/// One less than the terminal has: a full line makes some of them wrap, and a wrapped bar cannot be
/// taken away.
int columns_of(std::FILE* out) {
  winsize size{};
  const bool known = ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (known ? size.ws_col : kUsualColumns) - 1;
}

}  // namespace

ProgressCallback::ProgressCallback(std::FILE* out, std::shared_ptr<const Clock> clock)
    : out_(out), clock_(std::move(clock)), terminal_(::isatty(::fileno(out)) == 1) {}

void ProgressCallback::on_train_begin(const TrainerEvent& event) {
  first_step_ = event.state.global_step;
  training_since_ = clock_->steady_now();
  last_drawn_.reset();
  batches_ = 0;  // after an evaluation for which memory ran out, perhaps
  below_ = false;
}

void ProgressCallback::on_step_end(const TrainerEvent& event) {
  if (!shows(event)) return;
  if (event.state.global_step < event.plan.max_steps && drawn_lately()) return;
  draw_training(event);
}

void ProgressCallback::on_prediction_step(const TrainerEvent& event) {
  if (!shows(event)) return;
  if (batches_++ == 0) {
    evaluating_since_ = clock_->steady_now();
    last_drawn_.reset();
  }
  if (!drawn_lately()) draw_evaluation(event);
}

void ProgressCallback::on_evaluate(const TrainerEvent& event, const Metrics& /*metrics*/) {
  end_evaluation(event);
}

void ProgressCallback::on_predict(const TrainerEvent& event, const Metrics& /*metrics*/) {
  end_evaluation(event);
}

void ProgressCallback::on_log(const TrainerEvent& event, const LogRow& logs) {
  if (!event.state.is_world_process_zero) return;
  clear();
  put(out_, fmt::format("step {}/{}: {}\n", event.state.global_step, event.plan.max_steps,
                        row_text(logs)));
  if (terminal_ && training_since_) draw_training(event);
}

void ProgressCallback::on_train_end(const TrainerEvent& event) {
  if (event.state.is_world_process_zero) clear();
  training_since_.reset();
  batches_ = 0;  // of an evaluation that failed, perhaps
}

void ProgressCallback::on_exception(const TrainerEvent& event, const std::exception& /*error*/) {
  on_train_end(event);
}

bool ProgressCallback::shows(const TrainerEvent& event) const {
  return terminal_ && event.state.is_world_process_zero;
}

bool ProgressCallback::drawn_lately() {
  const auto now = clock_->steady_now();
  if (last_drawn_ && now - *last_drawn_ < kRedrawEvery) return true;
  last_drawn_ = now;
  return false;
}

double ProgressCallback::seconds_since(std::chrono::steady_clock::time_point start) const {
  return std::chrono::duration<double>(clock_->steady_now() - start).count();
}

void ProgressCallback::draw_training(const TrainerEvent& event) {
  if (!training_since_) return;
  const ProgressFacts facts{.done = event.state.global_step,
                            .total = event.plan.max_steps,
                            .seconds = seconds_since(*training_since_),
                            .done_before = first_step_,
                            .unit = "steps",
                            .samples_each = event.plan.total_batch_size};
  put(out_, "\r" + progress_bar(facts, columns_of(out_)) + "\x1b[K");
}

/// Below the bar of the training, which stays.
void ProgressCallback::draw_evaluation(const TrainerEvent& event) {
  const DataLoader* const loader = event.eval_dataloader;
  const ProgressFacts facts{.done = batches_,
                            .total = loader ? loader->num_batches() : std::nullopt,
                            .seconds = seconds_since(evaluating_since_),
                            .unit = "batches"};
  constexpr std::string_view kTitle = "evaluation: ";
  const int room = columns_of(out_) - static_cast<int>(kTitle.size());
  put(out_, fmt::format("{}{}{}\x1b[K", below_ || !training_since_ ? "\r" : "\n", kTitle,
                        progress_bar(facts, room)));
  below_ = training_since_.has_value();
}

void ProgressCallback::end_evaluation(const TrainerEvent& event) {
  if (batches_ == 0) return;
  batches_ = 0;
  if (!shows(event)) return;
  clear();
  draw_training(event);
}

/// Leaves the cursor at the start of an empty line, where the bar of the training was.
void ProgressCallback::clear() {
  if (!terminal_) return;
  put(out_, below_ ? std::string(kClearLine) + kUp + kClearLine : std::string(kClearLine));
  below_ = false;
}

}  // namespace torchhub
