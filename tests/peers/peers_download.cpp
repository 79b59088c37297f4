// usage: peers_download ENDPOINT CACHE REPO REVISION [offline]
// Brings README.md, then the whole snapshot, into CACHE; prints both places. With `offline` only
// what lies there already. The token comes from HF_TOKEN.
#include "torchhub/hub.h"

#include <fmt/format.h>

#include <exception>
#include <string_view>

using namespace torchhub;

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  try {
    HubOptions options = HubOptions::from_environment();
    options.endpoint = argv[1];
    options.cache_dir = argv[2];
    options.offline = argc > 5 && std::string_view(argv[5]) == "offline";
    const HubClient client(options);
    const Repo repo{.id = RepoId::parse(argv[3])};
    const auto file = client.hub_download(repo, "README.md", {.revision = argv[4]});
    const auto snapshot = client.snapshot_download(repo, {.revision = argv[4]});
    fmt::print("{}\n{}\n", file.string(), snapshot.string());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
