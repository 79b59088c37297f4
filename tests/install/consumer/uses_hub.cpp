#include <torchhub/base/sha256.h>
#include <torchhub/wire/repo.h>

#include <cstdio>

int main() {
  const torchhub::RepoId repo = torchhub::RepoId::parse("demo/resnet");
  std::printf("%s\n", repo.str().c_str());
  return repo.name == "resnet" ? 0 : 1;
}
