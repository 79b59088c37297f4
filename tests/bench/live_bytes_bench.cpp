// What saving without stopping costs: the milliseconds that keep() holds up the training thread,
// beside a plain copy of the same bytes, and how fast files are written with and without the hook.
// Prints JSON with the medians of several rounds. Needs no LibTorch.
// usage: live_bytes_bench FOLDER [ROUNDS]     (files go to FOLDER; a tmpfs leaves the disk out)
//
// malloc gives keep() memory that an earlier round has used. In the first save of a process it
// comes from the system, page by page; so it does in each round with
//   GLIBC_TUNABLES=glibc.malloc.mmap_threshold=65536

#include "torchhub/base/live_bytes.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/safetensors/writer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace torchhub;
using nlohmann::ordered_json;

constexpr std::size_t kTensors = 200;
constexpr std::size_t kTensorBytes = 2'000'000;
constexpr double kMegabytes = kTensors * kTensorBytes / 1e6;

template <typename Function>
double seconds_of(Function work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> rounds) {
  std::sort(rounds.begin(), rounds.end());
  return rounds[rounds.size() / 2];
}

using State = std::vector<std::vector<std::byte>>;

State make_state() {
  State state(kTensors, std::vector<std::byte>(kTensorBytes));
  for (std::size_t i = 0; i < kTensors; ++i) {
    for (std::size_t j = 0; j < kTensorBytes; ++j) state[i][j] = static_cast<std::byte>(i * j >> 3);
  }
  return state;
}

std::unique_ptr<LiveBytes> live_bytes_of(const State& state) {
  auto live = std::make_unique<LiveBytes>();
  for (const auto& tensor : state) live->add(tensor);
  return live;
}

/// @param part of the tensors that the writer has read when keep() is called
double keep_ms(const State& state, double part) {
  const auto live = live_bytes_of(state);
  for (std::size_t i = 0; i < static_cast<std::size_t>(part * kTensors); ++i) {
    std::span<const std::byte> rest = state[i];
    while (!rest.empty()) {
      const auto piece = rest.first(std::min(std::size_t{1} << 20, rest.size()));
      live->read(piece);
      rest = rest.subspan(piece.size());
    }
  }
  return 1e3 * seconds_of([&] { live->keep(); });
}

/// Into memory of malloc, as keep() takes it.
double copy_ms(const State& state) {
  std::vector<std::unique_ptr<std::byte[]>> copies(state.size());
  return 1e3 * seconds_of([&] {
           for (std::size_t i = 0; i < state.size(); ++i) {
             copies[i] = std::make_unique_for_overwrite<std::byte[]>(kTensorBytes);
             std::memcpy(copies[i].get(), state[i].data(), kTensorBytes);
           }
         });
}

/// Into memory that was used before: the least that a copy can take.
double copy_again_ms(const State& state, State& copies) {
  return 1e3 * seconds_of([&] {
           for (std::size_t i = 0; i < state.size(); ++i) {
             std::memcpy(copies[i].data(), state[i].data(), kTensorBytes);
           }
         });
}

enum class Hook { none, live, kept };

/// Megabytes a second. @param write writes the state with the hook that it is given
template <typename Write>
double rate(const State& state, Hook hook, Write write) {
  const auto live = live_bytes_of(state);
  if (hook == Hook::kept) live->keep();
  BytesNow bytes_now;
  if (hook != Hook::none) bytes_now = [&](auto piece) { return live->read(piece); };
  return kMegabytes / seconds_of([&] { write(bytes_now); });
}

double safetensors_rate(const State& state, const std::filesystem::path& folder, bool sha256,
                        Hook hook) {
  std::vector<safetensors::TensorView> tensors;
  for (std::size_t i = 0; i < state.size(); ++i) {
    tensors.push_back({std::to_string(i), safetensors::Dtype::U8, {kTensorBytes}, state[i]});
  }
  return rate(state, hook, [&](const BytesNow& bytes_now) {
    write_safetensors(folder / "bench.safetensors", tensors,
                      {.sha256 = sha256, .bytes_now = bytes_now});
  });
}

double torch_file_rate(const State& state, const std::filesystem::path& folder, bool sha256,
                       Hook hook) {
  pickle::List tensors;
  for (const auto& bytes : state) {
    tensors.items.emplace_back(
        pickle::make_tensor(pickle::ScalarType::uint8, {kTensorBytes}, bytes));
  }
  const pickle::Value value = tensors;
  return rate(state, hook, [&](const BytesNow& bytes_now) {
    save_torch_file(folder / "bench.pt", value, {.sha256 = sha256, .bytes_now = bytes_now});
  });
}

/// Taken in turns, so that a busy moment of the machine does not hit one of them alone.
struct Figure {
  std::string group;
  std::string name;
  std::function<double()> take;
  std::vector<double> rounds = {};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: live_bytes_bench FOLDER [ROUNDS]\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const int rounds = argc > 2 ? std::stoi(argv[2]) : 7;
  const State state = make_state();
  State copies = state;

  std::vector<Figure> figures = {
      {"milliseconds", "memcpy", [&] { return copy_again_ms(state, copies); }},
      {"milliseconds", "memcpy into memory of malloc", [&] { return copy_ms(state); }},
      {"milliseconds", "keep, nothing read", [&] { return keep_ms(state, 0); }},
      {"milliseconds", "keep, half read", [&] { return keep_ms(state, 0.5); }},
      {"milliseconds", "keep, all read", [&] { return keep_ms(state, 1); }}};
  const auto add_rates = [&](const char* group, auto rate_of) {
    for (const auto& [name, sha256, hook] :
         {std::tuple{"no digest", false, Hook::none}, std::tuple{"sha256", true, Hook::none},
          std::tuple{"sha256, live", true, Hook::live},
          std::tuple{"sha256, kept", true, Hook::kept}}) {
      figures.push_back({group, name, [&, rate_of, sha256 = sha256, hook = hook] {
                           return rate_of(state, folder, sha256, hook);
                         }});
    }
  };
  add_rates("write_safetensors, MB/s", safetensors_rate);
  add_rates("save_torch_file, MB/s", torch_file_rate);

  for (int i = 0; i < rounds; ++i) {
    for (Figure& figure : figures) figure.rounds.push_back(figure.take());
  }
  ordered_json report{{"megabytes", kMegabytes}, {"rounds", rounds}};
  for (const Figure& figure : figures) report[figure.group][figure.name] = median(figure.rounds);
  std::filesystem::remove(folder / "bench.safetensors");
  std::filesystem::remove(folder / "bench.pt");
  std::cout << report.dump(2) << '\n';
}
