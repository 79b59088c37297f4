#pragma once

#include "torchhub/server/options.h"

#include <filesystem>

namespace torchhub {

/// Fills an empty hub with what the test suite of Python's huggingface_hub expects to find: users
/// `__DUMMY_HUB_USER__`, `DVUser`, `EnterpriseAdmin` and `julien-c`, organisations `valid_org_hub`,
/// `EnterpriseOrgPrivate` and `hf-internal-testing`, tokens with the values that stand in that
/// suite's sources, and two small repositories, one of which was renamed. Everybody knows those
/// tokens, so only a server in test mode takes them. No server may use the folder meanwhile.
/// @throws AccountError if the hub has users, DataFolderInUseError, FileError
void make_test_fixtures(const std::filesystem::path& data_dir,
                        Durability durability = Durability::full);

}  // namespace torchhub
