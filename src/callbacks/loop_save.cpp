#include "callbacks/loop_save.h"

#include "callbacks/loop_history.h"
#include "push/loop_output.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/models/model.h"
#include "torchhub/training/checkpoint.h"

#include <nlohmann/json.hpp>

#include <string_view>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kFolder = "checkpoint";
constexpr const char* kState = "loop_state.json";

template <typename Action>
void in_context(std::string_view context, Action&& action) {
  try {
    action();
  } catch (Error& error) {
    error.add_context(context);
    throw;
  }
}

void copy_files(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) throw_file_error("copy", from, error.value());
}

void build_model(const LoopPusherOptions& options, const fs::path& folder) {
  in_context("saving the model", [&] {
    if (options.save_model) {
      options.save_model(folder);
    } else {
      options.model->save_pretrained(folder);
    }
  });
  for (const fs::path& file : options.processing_files) {
    write_file_atomically(folder / file.filename(), read_file(file));
  }
  // The card is made here, and holds people's words.
  fs::remove(folder / "README.md");
}

void build_checkpoint(const LoopPusherOptions& options, const LoopCheckpoint& checkpoint,
                      const fs::path& model, const fs::path& folder) {
  copy_files(model, folder);
  in_context("saving the checkpoint", [&] { options.save_checkpoint(folder, checkpoint.epoch()); });
  const ordered_json state = {{"epoch", checkpoint.epoch()},
                              {"global_step", checkpoint.global_step},
                              {"history", history_json(checkpoint.history)}};
  write_file_atomically(folder / kState, state.dump(2) + "\n");
}

}  // namespace

void save_loop(const LoopPusherOptions& options, const LoopSave& save,
               const LoopCheckpoint* checkpoint) {
  AtomicFolder model(saved_loop_model(options.output_dir));
  build_model(options, model.path());
  if (checkpoint != nullptr) {
    AtomicFolder folder(options.output_dir / kFolder);
    build_checkpoint(options, *checkpoint, model.path(), folder.path());
    folder.commit();
  }
  note_loop_save(save, model.path());
  model.commit();  // on disk, before it takes the place of the last one
  finish_loop_save(options.output_dir);
}

std::optional<LoopCheckpoint> find_loop_checkpoint(const fs::path& output_dir) {
  const fs::path folder = output_dir / kFolder;
  if (!fs::exists(folder / kState)) return std::nullopt;
  try {
    const auto state = ordered_json::parse(read_file(folder / kState));
    LoopCheckpoint found{.folder = folder,
                         .global_step = state.at("global_step").get<std::int64_t>(),
                         .history = history_from_json(state.at("history"))};
    if (state.at("epoch") == found.epoch()) return found;
  } catch (const ordered_json::exception&) {  // said below
  }
  throw CheckpointError("'" + (folder / kState).string() +
                        "' is not as LoopPusher writes it. Go on from another checkpoint, or "
                        "remove the folder to start afresh.");
}

}  // namespace torchhub
