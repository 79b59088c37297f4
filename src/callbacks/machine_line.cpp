#include "torchhub/callbacks/machine_line.h"

#include "torchhub/base/log.h"
#include "training/module_device.h"

namespace torchhub {

void MachineLineCallback::on_train_begin(const TrainerEvent& event) {
  if (!event.state.is_world_process_zero) return;
  const MachineReport report = describe_machine(device_of(event.model).str(), here_);
  std::fputs((report.line() + "\n").c_str(), out_);
  std::fflush(out_);
  for (const std::string& warning : report.warnings()) {
    log::warning("slow_machine", {{"problem", warning}});
  }
}

}  // namespace torchhub
