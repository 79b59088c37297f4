#include "training/rng_state.h"

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

at::Generator cuda_generator(int device) {
  return at::globalContext().defaultGenerator(at::Device(at::kCUDA, static_cast<int8_t>(device)));
}

at::Tensor state_of(at::Generator generator) {
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void set_state(at::Generator generator, const Value& saved) {
  // A copy: the generator keeps what it is given.
  const at::Tensor state = tensor_of(saved.tensor()).clone();
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);  // checks type and size
}

Value cuda_value(int device, CudaStates which) {
  if (which == CudaStates::of_the_device) return pickle_tensor(state_of(cuda_generator(device)));
  List all;
  for (int i = 0; i < static_cast<int>(torch::cuda::device_count()); ++i) {
    all.items.emplace_back(pickle_tensor(state_of(cuda_generator(i))));
  }
  return all;
}

/// Loads the file and runs `read` on it; what is wrong with its contents becomes a CheckpointError.
template <typename Read>
auto read_states(const fs::path& file, Read&& read) {
  const auto refuse = [&](const std::string& problem) {
    return CheckpointError(
        fmt::format("'{}' cannot be used: {} Choose another checkpoint.", file.string(), problem));
  };
  try {
    const Value states = load_torch_file(file);
    return read(states.dict());
  } catch (const PickleError& error) {
    throw refuse(error.what());
  } catch (const c10::Error& error) {
    throw refuse(error.what_without_backtrace());
  }
}

}  // namespace

const Value* saved_cuda_state(const Dict& states, int device) {
  const Value* cuda = states.find("cuda");
  if (cuda == nullptr || cuda->is<pickle::Tensor>()) return cuda;
  const List* all = cuda->if_is<List>();
  const auto index = static_cast<std::size_t>(device);
  return all != nullptr && index < all->items.size() ? &all->items[index] : nullptr;
}

PythonRngStates seeded_python_rng(std::uint64_t seed) {
  return {.python = python_state(seed), .numpy = numpy_state(seed)};
}

PythonRngStates python_rng_of(const fs::path& file, PythonRngStates otherwise) {
  return read_states(file, [&](const Dict& states) {
    if (const Value* python = states.find("python")) otherwise.python = *python;
    if (const Value* numpy = states.find("numpy")) otherwise.numpy = *numpy;
    return std::move(otherwise);
  });
}

void save_rng_state(const fs::path& file, const PythonRngStates& python,
                    std::optional<int> cuda_device, CudaStates cuda_states) {
  Dict states;
  states.set("python", python.python);
  states.set("numpy", python.numpy);
  states.set("cpu", pickle_tensor(state_of(at::detail::getDefaultCPUGenerator())));
  if (cuda_device) states.set("cuda", cuda_value(*cuda_device, cuda_states));
  save_torch_file(file, states);
}

void load_rng_state(const fs::path& file, std::optional<int> cuda_device) {
  read_states(file, [&](const Dict& states) {
    set_state(at::detail::getDefaultCPUGenerator(), states.at("cpu"));
    if (!cuda_device) return;
    if (const Value* cuda = saved_cuda_state(states, *cuda_device)) {
      set_state(cuda_generator(*cuda_device), *cuda);
    }
  });
}

}  // namespace torchhub
