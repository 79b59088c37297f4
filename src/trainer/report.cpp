#include "callbacks/short_number.h"
#include "torchhub/trainer.h"

#include <ATen/Parallel.h>

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

std::string push_line(const PushOutcome& push) {
  if (push.state == PushState::superseded) {
    return fmt::format("  {}: a newer save took its place\n", push.commit_message);
  }
  if (!push.ok()) {
    const char* what = push.state == PushState::failed ? "FAILED" : "NOT YET PUSHED";
    return fmt::format("  {}: {}: {}\n", push.commit_message, what, push.error);
  }
  const std::string left_out =
      push.card_problem.empty() ? "" : fmt::format("    without its card: {}\n", push.card_problem);
  return fmt::format("  {}: {} ({:.1f} MB, {:.1f} s)\n{}", push.commit_message, *push.commit_url,
                     static_cast<double>(push.bytes_sent) / 1e6, push.seconds, left_out);
}

/// HD-3: what is left out is not left out in silence.
std::string pushes_heading(const std::vector<PushOutcome>& pushes) {
  const auto superseded = std::count_if(pushes.begin(), pushes.end(), [](const PushOutcome& push) {
    return push.state == PushState::superseded;
  });
  if (superseded == 0) return "pushes:\n";
  return fmt::format("pushes ({} of {} superseded by a newer save):\n", superseded, pushes.size());
}

}  // namespace

bool TrainOutput::pushed_all() const { return newest_arrived(pushes); }

std::string TrainOutput::full_report() const {
  std::string text =
      fmt::format("{} updates, training loss {}", global_step, short_number(training_loss));
  if (const auto runtime = metrics.get("train_runtime")) {
    text += fmt::format(", {:.1f} s", *runtime);
  }
  if (const auto rate = metrics.get("train_steps_per_second")) {
    text += fmt::format(", {:.2f} updates/s with {} thread(s)", *rate, at::get_num_threads());
  }
  text += fmt::format("\nsave stall: {:.3f} s for {} checkpoint(s)", save_stall_seconds, saves);
  if (saves_dropped > 0) {
    text +=
        fmt::format(", {} more dropped since weights changed outside of the step", saves_dropped);
  }
  if (save_write_seconds > 0) {
    text += fmt::format(
        ", written in {:.3f} s beside training ({:.3f} s of it hashing), {:.1f} MB copied there "
        "and {:.1f} MB by the training thread; {:.3f} s at the end",
        save_write_seconds, save_hash_seconds, static_cast<double>(save_bytes_copied_ahead) / 1e6,
        static_cast<double>(save_bytes_copied) / 1e6, last_save_seconds);
  }
  text += "\n";
  if (pushes.empty()) return text;
  double seconds = 0;
  std::uint64_t bytes = 0;
  for (const PushOutcome& push : pushes) {
    seconds += push.seconds;
    bytes += push.bytes_sent;
  }
  text += fmt::format("push stall: {:.3f} s, {:.1f} MB sent in {:.3f} s beside training\n",
                      push_stall_seconds, static_cast<double>(bytes) / 1e6, seconds);
  text += pushes_heading(pushes);
  for (const PushOutcome& push : pushes) text += push_line(push);
  if (!pushed_all()) {
    text +=
        "The newest save is NOT on the Hub. It is in output_dir: once what its line says is out of "
        "the way, push_to_hub(), the next start or 'torchhub push resume' pushes it.\n";
  }
  return text;
}

NotPushedError::NotPushedError(TrainOutput output)
    : Error(output.full_report()), output_(std::move(output)) {}

}  // namespace torchhub
