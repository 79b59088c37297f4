#include "torchhub/training/callback_list.h"

#include "torchhub/base/log.h"

#include <algorithm>
#include <map>

namespace torchhub {
namespace {

/// Under it Python keeps the loop's flags among the states of callbacks.
constexpr const char* kControl = "TrainerControl";

CallbackState state_of(const TrainerControl& control) {
  return {.args = {{"should_epoch_stop", control.should_epoch_stop},
                   {"should_evaluate", control.should_evaluate},
                   {"should_log", control.should_log},
                   {"should_save", control.should_save},
                   {"should_training_stop", control.should_training_stop}}};
}

}  // namespace

void CallbackList::add(std::shared_ptr<TrainerCallback> callback) {
  for (const auto& other : callbacks_) {
    if (other->name() == callback->name()) {
      log::warning("callback_added_twice", {{"name", callback->name()}});
    }
  }
  callbacks_.push_back(std::move(callback));
}

std::shared_ptr<TrainerCallback> CallbackList::pop(const std::string& name) {
  const auto found = std::find_if(callbacks_.begin(), callbacks_.end(),
                                  [&](const auto& callback) { return callback->name() == name; });
  if (found == callbacks_.end()) return nullptr;
  auto callback = std::move(*found);
  callbacks_.erase(found);
  return callback;
}

std::shared_ptr<TrainerCallback> CallbackList::find(const std::string& name) const {
  const auto found = std::find_if(callbacks_.begin(), callbacks_.end(),
                                  [&](const auto& callback) { return callback->name() == name; });
  return found == callbacks_.end() ? nullptr : *found;
}

bool CallbackList::holds(const std::string& name) const { return find(name) != nullptr; }

void CallbackList::init_end(const TrainerEvent& event) const {
  for (const auto& callback : callbacks_) callback->on_init_end(event);
}

void CallbackList::train_begin(const TrainerEvent& event) const {
  event.control.should_training_stop = false;
  if (!holds("DefaultFlowCallback")) {
    log::warning("no_default_flow_callback",
                 {{"effect", "nothing raises the flags to log, evaluate and save"}});
  }
  for (const auto& callback : callbacks_) callback->on_train_begin(event);
}

void CallbackList::train_end(const TrainerEvent& event) const {
  for (const auto& callback : callbacks_) callback->on_train_end(event);
}

void CallbackList::epoch_begin(const TrainerEvent& event) const {
  before_event();
  event.control.should_epoch_stop = false;
  for (const auto& callback : callbacks_) callback->on_epoch_begin(event);
}

void CallbackList::epoch_end(const TrainerEvent& event) const {
  before_event();
  for (const auto& callback : callbacks_) callback->on_epoch_end(event);
}

void CallbackList::step_begin(const TrainerEvent& event) const {
  before_event();
  event.control.should_log = false;
  event.control.should_evaluate = false;
  event.control.should_save = false;
  for (const auto& callback : callbacks_) callback->on_step_begin(event);
}

void CallbackList::substep_end(const TrainerEvent& event) const {
  before_event();
  for (const auto& callback : callbacks_) callback->on_substep_end(event);
}

void CallbackList::pre_optimizer_step(const TrainerEvent& event) const {
  before_event();
  for (const auto& callback : callbacks_) callback->on_pre_optimizer_step(event);
}

void CallbackList::optimizer_step(const TrainerEvent& event) const {
  before_event();
  for (const auto& callback : callbacks_) callback->on_optimizer_step(event);
}

void CallbackList::step_end(const TrainerEvent& event) const {
  before_event();
  for (const auto& callback : callbacks_) callback->on_step_end(event);
}

void CallbackList::prediction_step(const TrainerEvent& event) const {
  before_event();
  for (const auto& callback : callbacks_) callback->on_prediction_step(event);
}

void CallbackList::evaluate(const TrainerEvent& event, const Metrics& metrics) const {
  before_event();
  event.control.should_evaluate = false;
  for (const auto& callback : callbacks_) callback->on_evaluate(event, metrics);
}

void CallbackList::predict(const TrainerEvent& event, const Metrics& metrics) const {
  before_event();
  for (const auto& callback : callbacks_) callback->on_predict(event, metrics);
}

void CallbackList::log(const TrainerEvent& event, const LogRow& logs) const {
  before_event();
  event.control.should_log = false;
  for (const auto& callback : callbacks_) callback->on_log(event, logs);
}

void CallbackList::save(const TrainerEvent& event, const std::filesystem::path& checkpoint) const {
  event.control.should_save = false;
  for (const auto& callback : callbacks_) callback->on_save(event, checkpoint);
}

void CallbackList::saved(const TrainerEvent& event, const SavedCheckpoint& checkpoint) const {
  for (const auto& callback : callbacks_) callback->on_saved(event, checkpoint);
}

void CallbackList::push_begin(const TrainerEvent& event) const {
  for (const auto& callback : callbacks_) callback->on_push_begin(event);
}

void CallbackList::push_end(const TrainerEvent& event, const PushOutcome& outcome) const {
  for (const auto& callback : callbacks_) callback->on_push_end(event, outcome);
}

void CallbackList::exception(const TrainerEvent& event,
                             const std::exception& error) const noexcept {
  for (const auto& callback : callbacks_) {
    try {
      callback->on_exception(event, error);
    } catch (const std::exception& another) {
      log::warning("callback_failed_after_exception",
                   {{"name", callback->name()}, {"error", another.what()}});
    }
  }
}

std::vector<std::pair<std::string, CallbackState>> CallbackList::states() const {
  std::vector<std::pair<std::string, CallbackState>> all;
  for (const auto& callback : callbacks_) {
    if (auto state = callback->state()) all.emplace_back(callback->name(), std::move(*state));
  }
  return all;
}

std::vector<std::pair<std::string, CallbackState>> CallbackList::states_to_save(
    const TrainerControl& control,
    const std::vector<std::pair<std::string, CallbackState>>& earlier) const {
  auto all = states();
  all.emplace_back(kControl, state_of(control));
  for (const auto& [name, state] : earlier) {
    if (name != kControl && !holds(name)) all.emplace_back(name, state);
  }
  return all;
}

std::vector<TrainerCallback*> CallbackList::all_named(const std::string& name) const {
  std::vector<TrainerCallback*> found;
  for (const auto& callback : callbacks_) {
    if (callback->name() == name) found.push_back(callback.get());
  }
  return found;
}

void CallbackList::restore(const std::vector<std::pair<std::string, CallbackState>>& states) const {
  std::map<std::string, std::vector<const CallbackState*>> kept;
  for (const auto& [name, state] : states) kept[name].push_back(&state);
  kept.erase(kControl);  // the loop's own
  std::string names;
  for (const auto& [name, of_name] : kept) {
    const std::vector<TrainerCallback*> here = all_named(name);
    if (here.empty()) names += (names.empty() ? "" : ", ") + name;
    // Where several are of one class, each save of Python's adds their states to those before.
    const std::size_t count = std::min(here.size(), of_name.size());
    const std::size_t first = of_name.size() - count;
    for (std::size_t i = 0; i < count; ++i) here[i]->restore(*of_name[first + i]);
  }
  if (!names.empty()) log::warning("callback_states_without_callback", {{"names", names}});
}

}  // namespace torchhub
