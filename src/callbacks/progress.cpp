#include "torchhub/callbacks/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace torchhub {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{100};
constexpr int kBarWidth = 30;
constexpr std::size_t kLongestText = 100;

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole >= 3600) {
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

/// Four significant digits for numbers; long texts are only announced.
std::string value_text(const LogValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.4g}", *number);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) {
    return text->size() <= kLongestText ? *text : "(too long to show)";
  }
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

}  // namespace

ProgressCallback::ProgressCallback(std::FILE* out)
    : out_(out), terminal_(::isatty(::fileno(out)) == 1) {}

void ProgressCallback::on_train_begin(const TrainerEvent& event) {
  first_step_ = event.state.global_step;
  start_ = std::chrono::steady_clock::now();
  last_drawn_ = {};
}

void ProgressCallback::on_step_end(const TrainerEvent& event) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_drawn_ < kRedrawEvery && event.state.global_step < event.plan.max_steps) return;
  last_drawn_ = now;
  draw(event);
}

void ProgressCallback::on_log(const TrainerEvent& event, const LogRow& logs) {
  clear();
  put(out_, fmt::format("step {}/{}: {}\n", event.state.global_step, event.plan.max_steps,
                        row_text(logs)));
  if (terminal_) draw(event);
}

void ProgressCallback::on_train_end(const TrainerEvent& /*event*/) { clear(); }

void ProgressCallback::draw(const TrainerEvent& event) {
  const std::int64_t step = event.state.global_step;
  const std::int64_t total = std::max<std::int64_t>(1, event.plan.max_steps);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(step - first_step_) / seconds : 0;
  const auto filled = static_cast<int>(kBarWidth * std::min(step, total) / total);
  put(out_,
      fmt::format("\r{:3}%|{:#<{}}{:<{}}| {}/{} [{}<{}, {:.2f} steps/s]", 100 * step / total, "",
                  filled, "", kBarWidth - filled, step, total, clock_text(seconds),
                  rate > 0 ? clock_text(static_cast<double>(total - step) / rate) : "?", rate));
}

void ProgressCallback::clear() const {
  if (terminal_) put(out_, "\r\x1b[K");
}

}  // namespace torchhub
