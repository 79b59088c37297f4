#pragma once

#include "torchhub/training/callback.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {

/// Calls every callback in order, and lowers flags before the events that own them: stop training
/// at train_begin, stop epoch at epoch_begin; log, evaluate and save at step_begin and each at its
/// own event.
class CallbackList {
 public:
  void add(std::shared_ptr<TrainerCallback> callback);
  /// Takes the first of that name out. @return null if there is none
  std::shared_ptr<TrainerCallback> pop(const std::string& name);
  bool holds(const std::string& name) const;
  /// The first of that name; null if there is none.
  std::shared_ptr<TrainerCallback> find(const std::string& name) const;

  /// What is to be told before any more happens: called before each event of an epoch, an update or
  /// an evaluation. Empty: nothing.
  void set_before_events(std::function<void()> tell) { before_events_ = std::move(tell); }

  void init_end(const TrainerEvent& event) const;
  void train_begin(const TrainerEvent& event) const;
  void train_end(const TrainerEvent& event) const;
  void epoch_begin(const TrainerEvent& event) const;
  void epoch_end(const TrainerEvent& event) const;
  void step_begin(const TrainerEvent& event) const;
  void substep_end(const TrainerEvent& event) const;
  void pre_optimizer_step(const TrainerEvent& event) const;
  void optimizer_step(const TrainerEvent& event) const;
  void step_end(const TrainerEvent& event) const;
  void prediction_step(const TrainerEvent& event) const;
  void evaluate(const TrainerEvent& event, const Metrics& metrics) const;
  void predict(const TrainerEvent& event, const Metrics& metrics) const;
  void log(const TrainerEvent& event, const LogRow& logs) const;
  void save(const TrainerEvent& event, const std::filesystem::path& checkpoint) const;
  void saved(const TrainerEvent& event, const SavedCheckpoint& checkpoint) const;
  void push_begin(const TrainerEvent& event) const;
  void push_end(const TrainerEvent& event, const PushOutcome& outcome) const;
  /// Tells all of them, whatever they throw.
  void exception(const TrainerEvent& event, const std::exception& error) const noexcept;

  /// The states of all callbacks that have one, for trainer_state.json.
  std::vector<std::pair<std::string, CallbackState>> states() const;
  /// The same with the loop's flags, as Python keeps them there, and with what `earlier` has of
  /// callbacks that are not here: Python, which may have them, trains on with no checkpoint that
  /// lacks one.
  std::vector<std::pair<std::string, CallbackState>> states_to_save(
      const TrainerControl& control,
      const std::vector<std::pair<std::string, CallbackState>>& earlier) const;
  /// Gives each callback the state kept under its name; several of a class in their order, and if
  /// more were kept than there are callbacks the last ones.
  void restore(const std::vector<std::pair<std::string, CallbackState>>& states) const;

 private:
  std::vector<TrainerCallback*> all_named(const std::string& name) const;
  void before_event() const {
    if (before_events_) before_events_();
  }

  std::vector<std::shared_ptr<TrainerCallback>> callbacks_;
  std::function<void()> before_events_ = {};
};

}  // namespace torchhub
