#include "training/machine/blas_facts.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <string_view>

namespace torchhub {
namespace {

/// What follows `start` in `text`, up to a blank or one of `ends`.
std::string word_after(const std::string& text, std::string_view start, const char* ends) {
  const auto found = text.find(start);
  if (found == std::string::npos) return {};
  const auto from = found + start.size();
  const auto to = text.find_first_of(ends, from);
  return text.substr(from, to == std::string::npos ? to : to - from);
}

std::string mkl_version(const std::string& sentence) {
  return word_after(sentence, "Math Kernel Library Version ", " -\n");
}

BlasLibrary openblas(const BlasFacts& facts) {
  BlasLibrary blas{.name = "OpenBLAS", .path = facts.path};
  blas.version = word_after(facts.openblas_config, "OpenBLAS ", " ");
  blas.kernel = facts.openblas_corename;
  if (facts.openblas_parallel == 1) blas.own_threads = facts.openblas_threads;
  blas.chooses_kernel = facts.openblas_config.find("DYNAMIC_ARCH") != std::string::npos;
  return blas;
}

/// By the name of its file, for libraries that answer no question. Debian's BLIS is such when it
/// poses as libblas.so.3. The reference BLAS alone has the version of its LAPACK in its name.
BlasLibrary by_path(const std::string& path) {
  BlasLibrary blas{.path = path};
  const std::string file = std::filesystem::path(path).filename().string();
  constexpr std::string_view kReference = "libblas.so.3.";
  if (path.find("atlas") != std::string::npos) {
    blas.name = "ATLAS";
  } else if (path.find("blis") != std::string::npos) {
    blas.name = "BLIS";
  } else if (file.starts_with(kReference)) {
    blas.name = "reference";
    blas.version = file.substr(std::string_view("libblas.so.").size());
  }
  return blas;
}

/// By LibTorch's own words (BLAS_INFO of its build), where the BLAS is a part of LibTorch.
BlasLibrary by_libtorch(const BlasFacts& facts) {
  BlasLibrary blas{.path = facts.path};
  const std::string built_with = word_after(facts.libtorch_config, "BLAS_INFO=", ", \n");
  if (built_with == "mkl") blas.name = "MKL";
  if (built_with == "open") blas.name = "OpenBLAS";
  if (built_with == "accelerate") blas.name = "Accelerate";
  if (blas.name == "MKL") blas.version = mkl_version(facts.libtorch_config);
  return blas;
}

}  // namespace

BlasLibrary identify_blas(const BlasFacts& facts) {
  if (!facts.openblas_config.empty()) return openblas(facts);
  if (!facts.mkl_version.empty()) {
    return {.name = "MKL", .version = mkl_version(facts.mkl_version), .path = facts.path};
  }
  if (!facts.blis_version.empty()) {
    return {.name = "BLIS", .version = facts.blis_version, .path = facts.path};
  }
  BlasLibrary blas = by_path(facts.path);
  return blas.name == "unknown" ? by_libtorch(facts) : blas;
}

bool is_kernel_before_avx2(const std::string& kernel) {
  // openblas_get_corename() of OpenBLAS 0.3.34, driver/others/dynamic.c.
  constexpr std::array<std::string_view, 20> kOld = {
      "Katmai",    "Coppermine",   "Northwood",  "Prescott",    "Banias",
      "Atom",      "Core2",        "Penryn",     "Dunnington",  "Nehalem",
      "Athlon",    "Opteron",      "Nano",       "Barcelona",   "Bobcat",
      "Bulldozer", "Opteron_SSE3", "Piledriver", "Sandybridge", "Steamroller"};
  return std::find(kOld.begin(), kOld.end(), kernel) != kOld.end();
}

}  // namespace torchhub
