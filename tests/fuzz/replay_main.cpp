// Runs a fuzz target over files, and over seeded mutations of each: what ctest does on every
// machine. usage: replay_TARGET [--mutations N] FILE_OR_FOLDER...

#include "torchhub/base/atomic_file.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// Some bytes changed, removed, repeated, or replaced by numbers that lie at the edge of a type.
std::string mutated(std::string input, std::mt19937& random) {
  constexpr std::string_view kEdges[] = {{"\0\0\0\0\0\0\0\0", 8},
                                         "\xff\xff\xff\xff\xff\xff\xff\xff",
                                         "\xff\xff\xff\xff\xff\xff\xff\x7f",
                                         {"\0\0\0\x80", 4},
                                         {"\0\0\0\0\0\0\0\x80", 8},
                                         "9223372036854775807",
                                         "-1",
                                         "\xff",
                                         "\x7f"};
  for (auto changes = 1 + random() % 4; changes > 0 && !input.empty(); --changes) {
    const std::size_t at = random() % input.size();
    const std::size_t length = std::min<std::size_t>(1 + random() % 16, input.size() - at);
    switch (random() % 6) {
      case 0:
        input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
        break;
      case 1:
        input[at] = static_cast<char>(random());
        break;
      case 2:
        input.erase(at, length);
        break;
      case 3:
        input.insert(random() % input.size(), input.substr(at, length));
        break;
      case 4:
        input.resize(at);
        break;
      default: {
        const std::string_view edge = kEdges[random() % std::size(kEdges)];
        input.replace(at, std::min(edge.size(), input.size() - at), edge);
      }
    }
  }
  return input;
}

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned long mutations = 0;
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--mutations" && i + 1 < argc) {
      mutations = std::strtoul(argv[++i], nullptr, 10);
      continue;
    }
    for (const fs::path& file : files_of(argv[i])) {
      const std::string input = torchhub::read_file(file);
      run(input);
      ++inputs;
      for (unsigned long seed = 0; seed < mutations; ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        run(mutated(input, random));
      }
    }
  }
  std::printf("%zu files, %lu mutations of each\n", inputs, mutations);
  return inputs > 0 ? 0 : 1;  // an empty corpus tests nothing
}
