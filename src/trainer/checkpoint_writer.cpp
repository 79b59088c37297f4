#include "trainer/checkpoint_writer.h"

#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <chrono>
#include <exception>
#include <new>
#include <utility>

namespace torchhub {
namespace {

/// What is being handled, to be thrown again on another thread: as a value, which shares no memory
/// with it.
std::function<void()> current_failure() {
  try {
    throw;
  } catch (const DiskFullError& error) {
    return [error] { throw DiskFullError(error); };
  } catch (const FileError& error) {
    return [error] { throw FileError(error); };
  } catch (const SpoiledSaveError& error) {
    return [error] { throw SpoiledSaveError(error); };
  } catch (const std::exception& error) {
    return [message = std::string(error.what())] { throw Error(message); };
  }
}

}  // namespace

CheckpointWriter::~CheckpointWriter() {
  try {
    wait();
  } catch (const std::exception& error) {
    log::error("checkpoint_not_written", {{"error", error.what()}});
  }
}

void CheckpointWriter::begin(UnfinishedCheckpoint checkpoint) {
  under_way_ = std::move(checkpoint);
  done_ = false;
  thread_ = std::jthread([this] {
    write();
    done_ = true;
  });
}

void CheckpointWriter::write() {
  const auto start = std::chrono::steady_clock::now();
  try {
    under_way_->files->write();
    under_way_->folder->commit();
  } catch (...) {  // crosses the thread, and is thrown again there
    failure_ = current_failure();
  }
  seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void CheckpointWriter::before_change() {
  if (!under_way_ || !thread_.joinable()) return;
  try {
    const std::size_t kept = under_way_->files->keep();
    kept_of_this_ += kept;
    bytes_kept_ += kept;
  } catch (const std::bad_alloc&) {
    log::warning("save_waits_for_memory", {{"step", under_way_->step}});
    thread_.join();
  }
}

std::optional<SavedCheckpoint> CheckpointWriter::take_done() {
  return done_ ? take() : std::nullopt;
}

std::optional<SavedCheckpoint> CheckpointWriter::wait() {
  if (!under_way_) return std::nullopt;
  if (thread_.joinable()) thread_.join();
  return take();
}

std::optional<SavedCheckpoint> CheckpointWriter::take() {
  if (!under_way_) return std::nullopt;
  if (thread_.joinable()) thread_.join();
  const UnfinishedCheckpoint finished = std::move(*under_way_);
  under_way_.reset();
  done_ = false;
  bytes_kept_ahead_ += finished.files->bytes_kept() - std::exchange(kept_of_this_, 0);
  if (const auto failure = std::exchange(failure_, {})) failure();
  SavedCheckpoint saved{
      .folder = finished.target, .step = finished.step, .write_seconds = seconds_};
  for (const auto& [file, written] : finished.files->written()) {
    if (written.sha256) saved.sha256[file.filename().string()] = *written.sha256;
    saved.hash_seconds += written.sha256_seconds;
  }
  return saved;
}

}  // namespace torchhub
