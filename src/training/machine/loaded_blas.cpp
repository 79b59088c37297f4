#include "training/machine/blas_facts.h"

#include <ATen/Version.h>

#include <array>
#include <dlfcn.h>
#include <filesystem>

namespace torchhub {
namespace {

/// The library that LibTorch's calls of `sgemm_` reach, with all that it was linked to: Debian's
/// libblas.so.3 of OpenBLAS is a thin one over libopenblas.so.0. A handle keeps it loaded.
class BlasHandle {
 public:
  BlasHandle() {
    Dl_info info{};
    void* sgemm = dlsym(RTLD_DEFAULT, "sgemm_");
    if (sgemm == nullptr || dladdr(sgemm, &info) == 0 || info.dli_fname == nullptr) return;
    path_ = info.dli_fname;
    handle_ = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  }
  ~BlasHandle() {
    if (handle_ != nullptr) dlclose(handle_);
  }
  BlasHandle(const BlasHandle&) = delete;
  BlasHandle& operator=(const BlasHandle&) = delete;

  /// Null if the library has no such function.
  template <typename Function>
  Function* function(const char* name) const {
    return handle_ == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(handle_, name));
  }
  std::string text(const char* name) const {
    auto* get = function<const char*()>(name);
    const char* found = get == nullptr ? nullptr : get();
    return found == nullptr ? std::string() : std::string(found);
  }
  int number(const char* name) const {
    auto* get = function<int()>(name);
    return get == nullptr ? 0 : get();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  void* handle_ = nullptr;
};

}  // namespace

BlasFacts loaded_blas() {
  BlasFacts facts;
  facts.libtorch_config = at::show_config();
  const BlasHandle blas;
  std::error_code ignored;
  facts.path = std::filesystem::canonical(blas.path(), ignored).string();
  facts.openblas_config = blas.text("openblas_get_config");
  facts.openblas_corename = blas.text("openblas_get_corename");
  facts.openblas_parallel = blas.number("openblas_get_parallel");
  facts.openblas_threads = blas.number("openblas_get_num_threads");
  facts.blis_version = blas.text("bli_info_get_version_str");
  if (auto* mkl = blas.function<void(char*, int)>("mkl_get_version_string")) {
    std::array<char, 256> sentence{};
    mkl(sentence.data(), static_cast<int>(sentence.size()) - 1);
    facts.mkl_version = sentence.data();
  }
  return facts;
}

void set_blas_threads(int count) {
  const BlasHandle blas;
  if (blas.number("openblas_get_parallel") != 1) return;
  if (auto* set = blas.function<void(int)>("openblas_set_num_threads")) set(count);
}

}  // namespace torchhub
