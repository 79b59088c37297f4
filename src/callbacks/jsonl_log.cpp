#include "torchhub/callbacks/jsonl_log.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/python_format.h"
#include "torchhub/base/timestamp.h"

#include <nlohmann/json.hpp>

namespace torchhub {

JsonlLogCallback::JsonlLogCallback(std::filesystem::path file, std::shared_ptr<const Clock> clock)
    : file_(std::move(file)), clock_(std::move(clock)) {}

void JsonlLogCallback::on_log(const TrainerEvent& event, const LogRow& logs) {
  if (!event.state.is_world_process_zero) return;
  if (!out_.is_open()) {
    if (file_.has_parent_path()) make_folders(file_.parent_path());
    errno = 0;
    out_.open(file_, std::ios::app);
    if (!out_) throw_file_error("write", file_, errno);
  }
  nlohmann::ordered_json line = to_json(logs);
  line["step"] = event.state.global_step;
  line["time"] = to_rfc3339(clock_->now());
  errno = 0;
  out_ << python_json(line, {.indent = -1, .sort_keys = false}) << '\n' << std::flush;
  if (!out_) throw_file_error("write", file_, errno);
}

}  // namespace torchhub
