// Where in its data a run goes on, and how many updates are left from there.
#include "base/divided_up.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/python_format.h"
#include "trainer/checkpoint_files.h"
#include "trainer/training_run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kMost = 1'000'000'000'000'000;
constexpr std::int64_t kMostEpochs = 1'000'000'000;

struct Range {
  std::int64_t least = 0;
  std::int64_t most = kMost;
};

/// A count in torchhub_state.json. @throws InvalidArgumentError unless it is one within the range
std::int64_t whole_number(const Json& ours, const char* key, Range range) {
  const Json& value = ours.at(key);
  // What 63 bits do not hold reads as a negative number here, and is_number_unsigned() says so.
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() || value.get<std::uint64_t>() <= kMost);
  const std::int64_t number = fits ? value.get<std::int64_t>() : 0;
  if (fits && range.least <= number && number <= range.most) return number;
  throw InvalidArgumentError(fmt::format("'{}' is {}, which is no whole number from {} to {}.", key,
                                         value.dump(), range.least, range.most));
}

/// What torchhub_state.json says; what it lacks is as in a run that Python began.
struct OwnState {
  LossSums sums = {};
  std::optional<std::int64_t> epoch = std::nullopt;  ///< Unset in a checkpoint of torchhub 0.2.
  std::int64_t samples_seen = 0;
  bool epoch_is_over = false;
  std::optional<std::int64_t> total_batch_size = std::nullopt;
  std::int64_t updates_ahead = 0;
  double learning_rate = 0;  ///< Of the last update, as its grad_norm.
  double grad_norm = 0;
};

OwnState parsed(const std::string& text, std::int64_t step) {
  const Json ours = parse_python_json(text);
  const Range steps{.most = step};
  OwnState state;
  state.sums = {.total_loss = ours.at("total_loss").get<double>(),
                .first_counted_step = whole_number(ours, "first_counted_step", steps),
                .loss_since_log = ours.at("loss_since_log").get<double>(),
                .last_logged_step = whole_number(ours, "last_logged_step", steps)};
  if (ours.contains("epoch")) {
    // Each has an update at least.
    state.epoch = whole_number(ours, "epoch", {.most = std::min(step, kMostEpochs)});
    state.samples_seen = whole_number(ours, "samples_seen_in_epoch", {});
    // In a checkpoint of an earlier version such an epoch was not gone back to.
    state.epoch_is_over = ours.value("epoch_is_over", false);
  }
  if (ours.contains("total_train_batch_size")) {
    state.total_batch_size = whole_number(ours, "total_train_batch_size", {.least = 1});
    state.updates_ahead = whole_number(ours, "updates_ahead", {.least = -kMost});
  }
  if (ours.contains("learning_rate")) {
    state.learning_rate = ours.at("learning_rate").get<double>();
    state.grad_norm = ours.at("grad_norm").get<double>();
  }
  return state;
}

OwnState read_own_state(const fs::path& file, std::int64_t step) {
  if (!fs::exists(file)) {
    return {.sums = {.first_counted_step = step, .last_logged_step = step}};
  }
  try {
    return parsed(read_file(file), step);
  } catch (const InvalidArgumentError& error) {
    throw damaged_file(file, error.what());
  } catch (const nlohmann::json::exception& error) {
    throw damaged_file(file, error.what());
  }
}

}  // namespace

/// The place in the data, and the sums of losses. Python keeps neither: there the place follows
/// from the step, and the sums begin again.
void TrainingRun::restore_place(const fs::path& checkpoint, std::int64_t step) {
  const OwnState own = read_own_state(checkpoint / kOwnState, step);
  loss_.restore(own.sums);
  used_rate_ = own.learning_rate;
  grad_norm_ = own.grad_norm;
  const std::int64_t by_epoch = plan_.updates_per_epoch;
  place_ = {.epoch = step / by_epoch, .samples_seen = step % by_epoch * plan_.total_batch_size};
  if (own.epoch) {
    place_ = {.epoch = *own.epoch, .samples_seen = own.samples_seen, .is_over = own.epoch_is_over};
  }
  updates_ahead_ = own.updates_ahead;
  if (own.total_batch_size.value_or(plan_.total_batch_size) != plan_.total_batch_size) {
    updates_ahead_ = (place_.epoch + 1) * by_epoch - updates_left_in_epoch() - step;
  }
  if (updates_ahead_ != 0) plan_updates_left();
  if (args_.ignore_data_skip) place_.samples_seen = 0;
}

/// Of the place. Where nobody knows the length of an epoch, the plan takes one for the whole run.
std::int64_t TrainingRun::updates_left_in_epoch() const {
  if (place_.is_over) return 0;
  const auto batches = loader_.num_batches(place_.samples_seen);
  if (!batches) return plan_.updates_per_epoch - place_.samples_seen / plan_.total_batch_size;
  return divided_up(*batches, args_.gradient_accumulation_steps);
}

/// With another total batch the data so far stands for other updates than were made: a run by
/// epochs makes those that the rest of its epochs takes, and one by max_steps takes the epochs it
/// needs.
void TrainingRun::plan_updates_left() {
  TrainingPlan& plan = impl_.plan;
  if (args_.max_steps > 0) {
    const std::int64_t epochs = (plan.max_steps + updates_ahead_) / plan.updates_per_epoch + 1;
    plan.num_train_epochs = std::max(plan.num_train_epochs, epochs);
  } else {
    plan.max_steps -= updates_ahead_;
    scheduler_ = schedule_of_plan();
    impl_.lr_scheduler = scheduler_.get();
  }
  state_.max_steps = plan.max_steps;
  state_.num_train_epochs = plan.num_train_epochs;
}

}  // namespace torchhub
