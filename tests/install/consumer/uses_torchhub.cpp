#include <torchhub/wire/repo.h>

#include <torch/torch.h>

#include <cstdio>

int main() {
  const torchhub::RepoId repo = torchhub::RepoId::parse("demo/resnet");
  const torch::Tensor ones = torch::ones({2, 3});
  std::printf("%s %lld\n", repo.str().c_str(), static_cast<long long>(ones.numel()));
  return ones.numel() == 6 ? 0 : 1;
}
