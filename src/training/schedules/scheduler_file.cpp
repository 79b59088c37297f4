#include "training/torch_file_reading.h"

namespace torchhub {

namespace fs = std::filesystem;
using pickle::Dict;

void save_scheduler(const LrScheduler& scheduler, const fs::path& file) {
  save_torch_file(file, scheduler.state());
}

void load_scheduler(LrScheduler& scheduler, const fs::path& file, ResumedRates rates) {
  read_torch_file(file, [&](const Dict& state) { scheduler.load_state(state, rates); });
}

void save_scaler(const GradScaler& scaler, const fs::path& file) {
  const GradScalerState& state = scaler.state();
  Dict dict;
  dict.set("scale", state.scale);
  dict.set("growth_factor", state.growth_factor);
  dict.set("backoff_factor", state.backoff_factor);
  dict.set("growth_interval", state.growth_interval);
  dict.set("_growth_tracker", state.growth_tracker);
  save_torch_file(file, dict);
}

void load_scaler(GradScaler& scaler, const fs::path& file) {
  read_torch_file(file, [&](const Dict& state) {
    scaler.load_state({.scale = state.at("scale").number(),
                       .growth_factor = state.at("growth_factor").number(),
                       .backoff_factor = state.at("backoff_factor").number(),
                       .growth_interval = state.at("growth_interval").integer(),
                       .growth_tracker = state.at("_growth_tracker").integer()});
  });
}

}  // namespace torchhub
