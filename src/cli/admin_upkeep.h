#pragma once

#include "cli/commands.h"

#include <cstdint>
#include <memory>
#include <string>

namespace torchhub::cli {

/// What `torchhub admin --data` says; filled in when the command line has been read.
using DataName = std::shared_ptr<const std::string>;

// Each adds its command to `torchhub admin`.
void add_admin_repo(CLI::App& admin, const DataName& data);
void add_admin_events(CLI::App& admin, const DataName& data);
void add_admin_stats(CLI::App& admin, const DataName& data);
void add_admin_gc(CLI::App& admin, const DataName& data);
void add_admin_fsck(CLI::App& admin, const DataName& data);
void add_admin_backup(CLI::App& admin, const DataName& data);
void add_admin_archive(CLI::App& admin, const DataName& data);
/// The flag --test-fixtures of `torchhub admin` itself, in place of the commands added before.
void add_test_fixtures(CLI::App& admin, const DataName& data);

/// "1.4 GB", for tables; JSON has the bytes.
std::string readable_bytes(std::uint64_t bytes);

}  // namespace torchhub::cli
