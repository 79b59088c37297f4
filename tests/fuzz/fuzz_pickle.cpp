// The restricted unpickler, and the pickler on whatever it gives. In a zip archive of torch.save
// the pickle is looked for, so that the golden files are a corpus.

#include "torchhub/base/error.h"
#include "torchhub/pickle/reader.h"
#include "torchhub/pickle/writer.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace {

using namespace torchhub;
using namespace torchhub::pickle;

constexpr std::array<std::byte, 1 << 20> kZeros{};

ReadOptions options() {
  ReadOptions options{.source = "fuzz"};
  options.limits = {.pickle_bytes = 1 << 20,
                    .text_bytes = 1 << 16,
                    .stack = 10'000,
                    .memo = 10'000,
                    .depth = 64,
                    .tensors = 1'000,
                    .values = 20'000};
  options.storage = [](const StorageRequest& request) {
    if (request.bytes > kZeros.size()) throw PickleError("fuzz", "too large for this test");
    return std::make_shared<const Storage>(
        Storage{request.type, std::span(kZeros).first(request.bytes)});
  };
  return options;
}

void touch(const Value& value) {
  if (const auto* tensor = value.if_is<Tensor>()) {
    volatile std::byte sum{};
    for (const std::byte byte : tensor->bytes()) sum = sum ^ byte;
    static_cast<void>(tensor->is_contiguous() && tensor->element_count() > 0);
  } else if (const auto* dict = value.if_is<Dict>()) {
    for (const auto& [key, item] : dict->items) touch(item);
  } else if (value.is<List>() || value.is<Tuple>()) {
    for (const Value& item : value.items()) touch(item);
  }
}

void read(std::string_view bytes) {
  try {
    const Value value = read_pickle(std::as_bytes(std::span(bytes)), options()).value;
    touch(value);
    const std::string once = write_pickle(value).bytes;
    const Value again = read_pickle(std::as_bytes(std::span(once)), options()).value;
    if (write_pickle(again).bytes != once) std::abort();
  } catch (const PickleError&) {
  } catch (const InvalidArgumentError&) {  // what can be read but not written
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t start = bytes.starts_with("PK") ? bytes.find("\x80\x02") : 0;
  read(bytes.substr(start == std::string_view::npos ? 0 : start));
  return 0;
}
