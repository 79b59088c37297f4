#include "callbacks/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

constexpr std::int64_t kWidestBar = 30;

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole >= 3600) {
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

double rate_of(const ProgressFacts& facts) {
  if (facts.seconds <= 0) return 0;
  return static_cast<double>(facts.done - facts.done_before) / facts.seconds;
}

std::string rate_text(const ProgressFacts& facts) {
  const double rate = rate_of(facts);
  std::string text = fmt::format("{:.2f} {}/s", rate, facts.unit);
  if (facts.samples_each > 0) {
    text += fmt::format(", {:.1f} samples/s", rate * static_cast<double>(facts.samples_each));
  }
  return text;
}

}  // namespace

std::string progress_bar(const ProgressFacts& facts, int columns) {
  const auto room = static_cast<std::size_t>(std::max(0, columns));
  if (!facts.total) {
    return fmt::format("{} {} [{}, {}]", facts.done, facts.unit, clock_text(facts.seconds),
                       rate_text(facts))
        .substr(0, room);
  }
  const std::int64_t total = std::max<std::int64_t>(1, *facts.total);
  const std::int64_t done = std::min(facts.done, total);
  const double rate = rate_of(facts);
  const std::string to_go =
      rate > 0 ? clock_text(static_cast<double>(total - done) / rate) : std::string("?");
  const std::string front = fmt::format("{:3}%|", 100 * done / total);
  const std::string back = fmt::format("| {}/{} [{}<{}, {}]", facts.done, total,
                                       clock_text(facts.seconds), to_go, rate_text(facts));
  const std::int64_t width = std::clamp<std::int64_t>(
      columns - static_cast<std::int64_t>(front.size() + back.size()), 0, kWidestBar);
  const auto filled = static_cast<std::size_t>(width * done / total);
  const std::string bar =
      std::string(filled, '#') + std::string(static_cast<std::size_t>(width) - filled, ' ');
  return (front + bar + back).substr(0, room);
}

}  // namespace torchhub
