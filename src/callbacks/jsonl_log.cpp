#include "torchhub/callbacks/jsonl_log.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/python_format.h"
#include "torchhub/base/timestamp.h"
#include "training/strict_json.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

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
  nlohmann::ordered_json line = to_json(logs);
  line["step"] = event.state.global_step;
  line["time"] = to_rfc3339(clock_->now());
  if (options_.strict_json) make_strict(line);
  // What a killed run left stands alone.
  const std::string start = ends_within_a_line(file_) ? "\n" : "";
  append_to_file(file_, start + python_json(line, {.indent = -1, .sort_keys = false}) + '\n');
}

}  // namespace torchhub
