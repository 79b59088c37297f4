#include <torchhub/card.h>
#include <torchhub/hub.h>

#include <cstdio>
#include <filesystem>

using namespace torchhub;

/// Asks a hub that is not there, and reads a card: what these pull in must come with the library.
int main() {
  const ModelCard card("---\nlicense: mit\n---\n# Net\n");
  const HubClient client({.endpoint = "http://127.0.0.1:9",
                          .cache_dir = std::filesystem::current_path() / "cache",
                          .retry = {.max_retries = 0}});
  try {
    client.repo_info({.id = RepoId::parse("demo/resnet")});
  } catch (const ConnectionError& error) {
    std::printf("%s\n", error.what());
    return card.words("license") == std::vector<std::string>{"mit"} ? 0 : 1;
  }
  return 1;
}
