// Writes files for tests/peers/test_torch_file.py: each as NAME and, as what we mean by it,
// NAME.json. usage: torchhub_write_torch_files FOLDER GOLDEN_FOLDER

#include "pickle/describe.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/pickle/torch_file.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <limits>
#include <numeric>

namespace torchhub {
namespace {

using namespace pickle;

/// Owns its bytes: 0, 1, 2, … as far as the type can be read from any bits.
Tensor numbered(ScalarType type, std::vector<std::int64_t> shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  const auto bytes =
      std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(count) * item_size(type));
  for (std::size_t i = 0; i < bytes->size(); ++i) {
    (*bytes)[i] = static_cast<std::byte>(type == ScalarType::bool_ ? i % 2 : i % 60);
  }
  return make_tensor(type, std::move(shape), *bytes, bytes);
}

Value everything() {
  Dict root;
  List tensors;
  for (int i = 0; i <= static_cast<int>(ScalarType::float8_e8m0fnu); ++i) {
    tensors.items.emplace_back(numbered(static_cast<ScalarType>(i), {2, 3}));
  }
  root.set("tensors", tensors);

  const Tensor whole = numbered(ScalarType::float32, {3, 4});
  Tensor transposed = whole;
  transposed.shape = {4, 3};
  transposed.stride = {1, 4};
  Tensor slice = whole;
  slice.shape = {2, 2};
  slice.offset = 6;
  Tensor parameter = whole;
  parameter.parameter = parameter.requires_grad = true;
  root.set("views", Tuple{{whole, transposed, slice, parameter}});
  root.set("scalar", numbered(ScalarType::int64, {}));
  root.set("empty", numbered(ScalarType::float32, {0, 3}));

  Tuple words;
  for (std::int64_t i = 0; i < 625; ++i) words.items.emplace_back(i * 6'871'947 % 4'294'967'296);
  root.set("python", Tuple{{3, words, None{}}});
  root.set("whole",
           List{{0, 255, 256, 65535, 65536, -1, std::int64_t{1} << 31, -(std::int64_t{1} << 31),
                 std::numeric_limits<std::int64_t>::min(),
                 std::numeric_limits<std::uint64_t>::max(), BigInt{std::string(30, '\x9a')}}});
  root.set("floats", List{{0.0, -0.0, 0.1, 1e300, std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}});
  root.set("plain",
           List{{None{}, true, false, "caf\xc3\xa9", "", Bytes{std::string("\0\x80\xff", 3)}}});
  root.set("ordered", Dict{{{"w", 1}}, true, {{"_metadata", Dict{{{"", 1}}, true}}}});
  root.set("keys", Dict{{{1, "int"}, {Tuple{{1, 2}}, "tuple"}, {None{}, 0}}});
  root.set("dtype", ScalarType::bfloat16);
  List many;
  for (int i = 0; i < 2500; ++i) many.items.emplace_back(i);
  root.set("many", many);
  return root;
}

void write(const std::filesystem::path& path, const Value& value) {
  save_torch_file(path, value);
  write_file_atomically(path.string() + ".json", testing::describe(value).dump());
}

}  // namespace
}  // namespace torchhub

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s FOLDER GOLDEN_FOLDER\n", argv[0]);
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const std::filesystem::path golden = argv[2];
  torchhub::write(folder / "everything.pt", torchhub::everything());
  for (const char* name : {"optimizer.pt", "scheduler.pt", "rng_state.pth"}) {
    auto value = torchhub::load_torch_file(golden / "trainer" / name);
    if (auto* numpy = const_cast<torchhub::pickle::Value*>(value.dict().find("numpy"))) {
      // Written as a list; Python takes either.
      auto& state = std::get<torchhub::pickle::Tuple>(numpy->variant()).items;
      torchhub::pickle::List words;
      for (const auto word : state[1].if_is<torchhub::pickle::NumpyArray>()->integers()) {
        words.items.emplace_back(word);
      }
      state[1] = words;
    }
    torchhub::write(folder / name, value);
  }
  return 0;
}
