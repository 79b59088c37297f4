#include "torchhub/training/callback.h"

namespace torchhub {

void TrainerCallback::on_init_end(const TrainerEvent&) {}
void TrainerCallback::on_train_begin(const TrainerEvent&) {}
void TrainerCallback::on_train_end(const TrainerEvent&) {}
void TrainerCallback::on_epoch_begin(const TrainerEvent&) {}
void TrainerCallback::on_epoch_end(const TrainerEvent&) {}
void TrainerCallback::on_step_begin(const TrainerEvent&) {}
void TrainerCallback::on_substep_end(const TrainerEvent&) {}
void TrainerCallback::on_pre_optimizer_step(const TrainerEvent&) {}
void TrainerCallback::on_optimizer_step(const TrainerEvent&) {}
void TrainerCallback::on_step_end(const TrainerEvent&) {}
void TrainerCallback::on_prediction_step(const TrainerEvent&) {}
void TrainerCallback::on_evaluate(const TrainerEvent&, const Metrics&) {}
void TrainerCallback::on_predict(const TrainerEvent&, const Metrics&) {}
void TrainerCallback::on_log(const TrainerEvent&, const LogRow&) {}
void TrainerCallback::on_save(const TrainerEvent&, const std::filesystem::path&) {}
void TrainerCallback::on_saved(const TrainerEvent&, const SavedCheckpoint&) {}
void TrainerCallback::on_push_begin(const TrainerEvent&) {}
void TrainerCallback::on_push_end(const TrainerEvent&, const PushOutcome&) {}
void TrainerCallback::on_exception(const TrainerEvent&, const std::exception&) {}
void TrainerCallback::restore(const CallbackState&) {}

}  // namespace torchhub
