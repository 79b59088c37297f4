#pragma once

#include "torchhub/hub/options.h"

#include <optional>
#include <string>

namespace torchhub {

/// What from_pretrained of configs and models accepts.
struct PretrainedOptions {
  std::string revision =
      "main";                  ///< Branch, tag or commit, also the first 7 or more digits of one.
  std::string subfolder = {};  ///< Inside the repo or folder.
  std::optional<HubOptions> hub = std::nullopt;  ///< Unset: HubOptions::from_environment().
  bool local_files_only = false;                 ///< Of a repo: only what the cache has.
  bool force_download = false;                   ///< Of a repo: even what the cache has.
  std::string dtype = "auto";  ///< "auto": the config's, else the file's; or "float32", "bfloat16".
  bool ignore_mismatched_sizes = false;  ///< Keep fresh weights where shapes differ; else an error.
  bool allow_random_init = false;        ///< Accept a file of which no tensor fits; else an error.
};

}  // namespace torchhub
