#include "torchhub/callbacks/jsonl_log.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/python_format.h"
#include "torchhub/base/timestamp.h"
#include "training/strict_json.h"

#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

bool ends_within_a_line(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in || in.tellg() <= 0) return false;
  in.seekg(-1, std::ios::end);
  return in.get() != '\n';
}

}  // namespace

JsonlLogCallback::JsonlLogCallback(std::filesystem::path file, std::shared_ptr<const Clock> clock,
                                   const JsonlLogOptions& options)
    : file_(std::move(file)), clock_(std::move(clock)), options_(options) {}

void JsonlLogCallback::on_log(const TrainerEvent& event, const LogRow& logs) {
  if (!event.state.is_world_process_zero) return;
  if (!out_.is_open()) {
    if (file_.has_parent_path()) make_folders(file_.parent_path());
    const bool torn = ends_within_a_line(file_);
    errno = 0;
    out_.open(file_, std::ios::app);
    if (torn) out_ << '\n';  // what a killed run left stands alone
    if (!out_) throw_file_error("write", file_, errno);
  }
  nlohmann::ordered_json line = to_json(logs);
  line["step"] = event.state.global_step;
  line["time"] = to_rfc3339(clock_->now());
  if (options_.strict_json) make_strict(line);
  errno = 0;
  out_ << python_json(line, {.indent = -1, .sort_keys = false}) << '\n' << std::flush;
  if (!out_) throw_file_error("write", file_, errno);
}

}  // namespace torchhub
