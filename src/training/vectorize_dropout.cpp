#include "torchhub/training/dropout.h"
#include "training/bernoulli_kernel.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/bernoulli_native.h>
#include <torch/library.h>
#include <torch/version.h>

#include <atomic>
#include <mutex>
#include <string>

namespace torchhub {
namespace {

std::atomic<bool> vectorized = false;

bool is_drawn_here(const at::Tensor& values, double p) {
  return vectorized && values.is_contiguous() && p >= 0 && p <= 1 &&
         (values.scalar_type() == at::kFloat || values.scalar_type() == at::kBFloat16);
}

void draw(at::CPUGeneratorImpl& generator, double p, const at::Tensor& values) {
  const std::lock_guard lock(generator.mutex_);
  at::mt19937 engine = generator.engine();
  at::mt19937_data_pod data = engine.data();
  if (values.scalar_type() == at::kFloat) {
    draw_bernoulli(data, p, values.data_ptr<float>(), values.numel());
  } else {
    draw_bernoulli(data, p, values.data_ptr<at::BFloat16>(), values.numel());
  }
  engine.set_data(data);
  generator.set_engine(engine);
}

at::Tensor& bernoulli(at::Tensor& values, double p, c10::optional<at::Generator> generator) {
  if (!is_drawn_here(values, p)) return at::native::bernoulli_(values, p, std::move(generator));
  draw(*at::get_generator_or_default<at::CPUGeneratorImpl>(generator,
                                                           at::detail::getDefaultCPUGenerator()),
       p, values);
  return values;
}

/// LibTorch says on the error stream that one of its kernels is replaced; here that is meant.
class Silence final : public c10::WarningHandler {
 public:
#if TORCH_VERSION_MAJOR >= 2
  using Guard = c10::WarningUtils::WarningHandlerGuard;
  void process(const c10::Warning& /*warning*/) override {}
#else
  using Guard = c10::Warning::WarningHandlerGuard;
  void process(const c10::SourceLocation& /*where*/, const std::string& /*what*/,
               bool /*verbatim*/) override {}
#endif
};

/// Registered as the program starts, when no other thread can be looking for the kernel.
const bool can_vectorize = [] {
  if (at::hasMKL()) return false;
  Silence silence;
  const Silence::Guard guard(&silence);
  static torch::Library library(torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__,
                                __LINE__);
  library.impl("bernoulli_.float", &bernoulli);
  return true;
}();

}  // namespace

bool vectorize_dropout() {
  vectorized = can_vectorize;
  return can_vectorize;
}

}  // namespace torchhub
