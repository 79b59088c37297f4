// One rank of a test: distributed_ranks SCENARIO... Prints a JSON object; ends with 7 for a
// DistributedError, 8 for an InvalidArgumentError, its text on standard error. Waits as long as
// programs do by default, far longer than a test may take: none may need the timeout to end.
#include "distributed/scenarios.h"
#include "torchhub/distributed/process_group.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
#include <string>

int main(int argc, char** argv) {
  using namespace torchhub;
  try {
    ProcessGroup group(ProcessEnvironment::from_environment());
    nlohmann::json results;
    for (int i = 1; i < argc; ++i) results[argv[i]] = testing::scenarios().at(argv[i])(group);
    fmt::print("{}\n", results.dump());
    return 0;
  } catch (const DistributedError& error) {
    fmt::print(stderr, "DistributedError: {}\n", error.what());
    return 7;
  } catch (const InvalidArgumentError& error) {
    fmt::print(stderr, "InvalidArgumentError: {}\n", error.what());
    return 8;
  }
}
