// Prints every route of the server, a line each, for tools/wire_api.py.
#include "server/api/dispatcher.h"
#include "support/temp_dir.h"

#include <fmt/format.h>

int main() {
  const torchhub::testing::TempDir folder;
  torchhub::server::HubState hub(
      {.data_dir = folder / "data", .durability = torchhub::Durability::relaxed});
  const torchhub::server::Dispatcher dispatcher(hub);
  for (const auto& [method, pattern] : dispatcher.router().patterns()) {
    fmt::print("{} {}\n", method, pattern);
  }
}
