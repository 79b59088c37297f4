#pragma once

#include "torchhub/base/error.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/training/checkpoint.h"

#include <c10/util/Exception.h>

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <utility>

namespace torchhub {

/// Loads a file of a checkpoint and runs `read` on the dict in it. What `read` finds wrong
/// (InvalidArgumentError, PickleError, c10::Error) becomes a CheckpointError that names the file.
template <typename Read>
auto read_torch_file(const std::filesystem::path& file, Read&& read) {
  const auto refuse = [&](const std::string& problem) {
    return CheckpointError(fmt::format(
        "'{}' cannot be used: {} Resume with the model and settings that the checkpoint "
        "was saved from, or choose another checkpoint.",
        file.string(), problem));
  };
  try {
    const pickle::Value contents = load_torch_file(file);
    return std::forward<Read>(read)(contents.dict());
  } catch (const PickleError& error) {
    throw refuse(error.what());
  } catch (const InvalidArgumentError& error) {
    throw refuse(error.what());
  } catch (const c10::Error& error) {
    throw refuse(error.what_without_backtrace());
  }
}

}  // namespace torchhub
