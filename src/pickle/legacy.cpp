#include "pickle/legacy.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace torchhub::pickle {
namespace {

constexpr std::string_view kMagic =
    "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // 0x1950a86a20f9469cfc6c
constexpr std::int64_t kProtocol = 1001;

/// A storage whose bytes come after the pickle that names it.
struct Awaited {
  StorageRequest request;
  std::shared_ptr<Storage> storage;
};

class Stream {
 public:
  Stream(const std::shared_ptr<MappedFile>& file, const Limits& limits)
      : file_(file), rest_(std::as_const(*file).bytes()) {
    options_.source = file->path().string();
    options_.limits = limits;
  }

  Value load() {
    check_head();
    std::map<std::string, Awaited> awaited;
    options_.storage = [&](const StorageRequest& request) {
      auto storage = std::make_shared<Storage>(Storage{request.type});
      awaited.emplace(request.key, Awaited{request, storage});
      return storage;
    };
    Value value = next();
    options_.storage = nullptr;
    const Value keys = next();
    if (!keys.is<List>()) fail("its list of storages is damaged");
    for (const Value& key : keys.items()) {
      const auto found = key.is<std::string>() ? awaited.find(key.text()) : awaited.end();
      if (found == awaited.end()) fail("it holds a storage that nothing uses");
      fill(found->second);
      awaited.erase(found);
    }
    if (!awaited.empty()) fail(fmt::format("storage '{}' is missing", awaited.begin()->first));
    return value;
  }

 private:
  void check_head() {
    const Value magic = next();
    const auto* number = magic.if_is<BigInt>();
    if (number == nullptr || number->bytes != kMagic) fail("it is not a file of torch.save");
    if (next() != Value(kProtocol)) fail("its version of the old format is unknown");
    const Value machine = next();
    const Value* little = machine.dict().find("little_endian");
    if (little != nullptr && *little != Value(true)) fail("it was written on a big-endian machine");
  }

  Value next() {
    ReadResult result = read_pickle(rest_, options_);
    rest_ = rest_.subspan(result.size);
    return std::move(result.value);
  }

  void fill(Awaited& awaited) {
    constexpr std::size_t kCountBytes = 8;
    std::uint64_t count = 0;
    if (rest_.size() < kCountBytes) fail("it is cut short");
    for (std::size_t i = kCountBytes; i-- > 0;) {
      count = (count << 8) | std::to_integer<std::uint64_t>(rest_[i]);
    }
    rest_ = rest_.subspan(kCountBytes);
    const std::uint64_t size = item_size(awaited.request.type);
    if (count != awaited.request.bytes / size || awaited.request.bytes > rest_.size()) {
      fail(fmt::format("storage '{}' does not have the size that the pickle says",
                       awaited.request.key));
    }
    awaited.storage->bytes = rest_.first(awaited.request.bytes);
    awaited.storage->owner = file_;
    rest_ = rest_.subspan(awaited.request.bytes);
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw PickleError(options_.source, problem);
  }

  std::shared_ptr<MappedFile> file_;
  std::span<const std::byte> rest_;
  ReadOptions options_;
};

}  // namespace

Value load_legacy_stream(const std::shared_ptr<MappedFile>& file, const Limits& limits) {
  return Stream(file, limits).load();
}

}  // namespace torchhub::pickle
