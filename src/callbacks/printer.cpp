#include "torchhub/callbacks/printer.h"

#include "callbacks/python_dict.h"

namespace torchhub {

void PrinterCallback::on_log(const TrainerEvent& event, const LogRow& logs) {
  if (!event.state.is_local_process_zero) return;
  std::fputs((python_dict(logs) + "\n").c_str(), out_);
  std::fflush(out_);
}

}  // namespace torchhub
