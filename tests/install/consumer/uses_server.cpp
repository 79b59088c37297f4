#include <torchhub/server/server.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

int main() {
  std::string data = (std::filesystem::temp_directory_path() / "torchhub-consumer-XXXXXX").string();
  if (mkdtemp(data.data()) == nullptr) return 2;
  bool answers = false;
  {
    torchhub::Server server({.data_dir = data, .listen = "127.0.0.1:0"});
    answers = server.port() != 0;
    std::printf("%s\n", server.base_url().c_str());
  }
  std::filesystem::remove_all(data);
  return answers ? 0 : 1;
}
