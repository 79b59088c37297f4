#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace torchhub::testing {

/// What git-lfs's JSON schemas (docs/api/schemas and locking/schemas of git-lfs 3) do not allow in
/// an answer: a sentence each, with the place.
std::vector<std::string> faults_of_batch_answer(const nlohmann::json& answer);
/// To making and to removing a lock.
std::vector<std::string> faults_of_lock_answer(const nlohmann::json& answer);
std::vector<std::string> faults_of_lock_list(const nlohmann::json& answer);
std::vector<std::string> faults_of_lock_verification(const nlohmann::json& answer);

}  // namespace torchhub::testing
