// Writes files for tests/peers/test_safetensors.py: every dtype in one file, and a set of shards.
// usage: torchhub_write_safetensors_files FOLDER

#include "torchhub/base/atomic_file.h"
#include "torchhub/safetensors/index.h"
#include "torchhub/safetensors/writer.h"

#include <cstdio>
#include <filesystem>
#include <map>

namespace torchhub {
namespace {

using safetensors::Dtype;
using safetensors::TensorView;

/// The i-th byte of every tensor is i modulo 60; of BOOL modulo 2.
std::string numbered(Dtype dtype, std::uint64_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(i % (dtype == Dtype::BOOL ? 2 : 60));
  }
  return bytes;
}

void write_every_dtype(const std::filesystem::path& path) {
  std::vector<std::string> contents;
  std::vector<TensorView> tensors;
  const std::vector<std::int64_t> shape{2, 4};
  contents.reserve(safetensors::all_dtypes().size());
  for (const Dtype dtype : safetensors::all_dtypes()) {
    contents.push_back(numbered(dtype, *byte_count(dtype, shape)));
    tensors.push_back({"t." + std::string(to_string(dtype)), dtype, shape,
                       std::as_bytes(std::span(contents.back()))});
  }
  tensors.push_back({"caf\xc3\xa9 \"\\\n", Dtype::F32, {0, 3}});
  write_safetensors(path, tensors);
}

void write_shards(const std::filesystem::path& folder) {
  const std::string contents = numbered(Dtype::F32, 400);
  std::vector<safetensors::SizedTensor> sizes;
  std::map<std::string, TensorView> views;
  for (int i = 0; i < 7; ++i) {
    const std::string name = "layer." + std::to_string(i);
    const auto bytes =
        std::as_bytes(std::span(contents)).first(static_cast<std::size_t>(40 * (i + 1)));
    sizes.push_back({name, bytes.size()});
    views.emplace(name, TensorView{name, Dtype::F32, {10 * (i + 1)}, bytes});
  }
  const auto plan = safetensors::plan_shards(sizes, 300);
  for (const auto& shard : plan.shards) {
    std::vector<TensorView> tensors;
    for (const std::string& name : shard.tensors) tensors.push_back(views.at(name));
    write_safetensors(folder / shard.file, tensors);
  }
  write_file_atomically(folder / safetensors::WeightNames{}.index(),
                        encode_shard_index(plan.index(280)));
}

}  // namespace
}  // namespace torchhub

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  torchhub::write_every_dtype(folder / "every_dtype.safetensors");
  torchhub::write_shards(folder);
  return 0;
}
