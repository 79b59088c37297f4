#include "torchhub/pickle/torch_file.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/mersenne_twister.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using pickle::Dict;
using pickle::List;
using pickle::None;
using pickle::Tuple;
using pickle::Value;

constexpr std::int64_t kTwisterVersion = 3;     // of random.getstate()
constexpr std::int64_t kTwisterPosition = 624;  // all words used up: the next draw makes new ones

Value python_state(std::uint64_t seed) {
  Tuple words;
  for (const std::uint32_t word : seeded_like_python(seed)) words.items.emplace_back(word);
  words.items.emplace_back(kTwisterPosition);
  return Tuple{{kTwisterVersion, std::move(words), None{}}};
}

/// Python writes the words as a NumPy array; its resume takes a list as well.
Value numpy_state(std::uint64_t seed) {
  List words;
  for (const std::uint32_t word : seeded_like_numpy(static_cast<std::uint32_t>(seed))) {
    words.items.emplace_back(word);
  }
  return Tuple{{"MT19937", std::move(words), kTwisterPosition, 0, 0.0}};
}

at::Generator cuda_generator() {
  return at::globalContext().defaultGenerator(at::Device(at::kCUDA, 0));
}

at::Tensor state_of(at::Generator generator) {
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void set_state(at::Generator generator, const at::Tensor& state) {
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

}  // namespace

void save_rng_state(const fs::path& file, std::uint64_t seed,
                    const std::optional<fs::path>& resumed_from) {
  Dict states;
  if (resumed_from) {
    const Value old = load_torch_file(*resumed_from);
    states.set("python", old.dict().at("python"));
    states.set("numpy", old.dict().at("numpy"));
  } else {
    states.set("python", python_state(seed));
    states.set("numpy", numpy_state(seed));
  }
  states.set("cpu", pickle_tensor(state_of(at::detail::getDefaultCPUGenerator())));
  if (torch::cuda::is_available()) {
    states.set("cuda", pickle_tensor(state_of(cuda_generator())));
  }
  save_torch_file(file, states);
}

void load_rng_state(const fs::path& file) {
  try {
    const Value states = load_torch_file(file);
    // A copy: the generator keeps what it is given.
    set_state(at::detail::getDefaultCPUGenerator(),
              tensor_of(states.dict().at("cpu").tensor()).clone());
    const Value* cuda = states.dict().find("cuda");
    if (cuda && cuda->is<pickle::Tensor>() && torch::cuda::is_available()) {
      set_state(cuda_generator(), tensor_of(cuda->tensor()).clone());
    }
  } catch (const PickleError& error) {
    throw CheckpointError(fmt::format("'{}' cannot be used: {} Choose another checkpoint.",
                                      file.string(), error.what()));
  }
}

}  // namespace torchhub
