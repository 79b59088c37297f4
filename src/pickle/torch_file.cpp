#include "torchhub/pickle/torch_file.h"

#include "pickle/legacy.h"
#include "torchhub/base/cancel.h"
#include "torchhub/base/sha256.h"
#include "torchhub/pickle/writer.h"
#include "torchhub/pickle/zip.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

using pickle::ZipEntry;
using pickle::ZipFile;

std::string_view head_of(const MappedFile& file, std::size_t at, std::size_t size) {
  const auto bytes = file.bytes();
  if (at + size > bytes.size()) return {};
  return {reinterpret_cast<const char*>(bytes.data()) + at, size};
}

/// An archive whose records all lie in one folder of any name.
class Archive {
 public:
  Archive(const std::shared_ptr<MappedFile>& file, const TorchLoadOptions& options)
      : zip_(file), source_(file->path().string()), options_(options) {
    for (const ZipEntry& entry : zip_.entries()) {
      const std::size_t slash = entry.name.find('/');
      if (slash != std::string::npos && entry.name.substr(slash + 1) == "data.pkl") {
        folder_ = entry.name.substr(0, slash + 1);
      }
    }
    if (folder_.empty())
      fail("it is a zip archive, but not one of torch.save: data.pkl is missing");
    if (zip_.find(folder_ + "constants.pkl") != nullptr) {
      fail("it is a TorchScript archive; load it with torch::jit::load");
    }
  }

  pickle::Value load() const {
    if (const ZipEntry* order = zip_.find(folder_ + "byteorder")) {
      const auto bytes = contents(*order);
      if (std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()) != "little") {
        fail("it was written on a big-endian machine");
      }
    }
    pickle::ReadOptions options{.source = source_, .limits = options_.limits};
    options.storage = [this](const pickle::StorageRequest& request) { return storage(request); };
    const auto bytes = contents(*zip_.find(folder_ + "data.pkl"));
    auto [value, size] = pickle::read_pickle(bytes, options);
    if (size != bytes.size()) fail("something follows the pickle in data.pkl");
    return std::move(value);
  }

 private:
  std::shared_ptr<const pickle::Storage> storage(const pickle::StorageRequest& request) const {
    const ZipEntry* entry = zip_.find(folder_ + "data/" + request.key);
    if (entry == nullptr) fail(fmt::format("the record of storage '{}' is missing", request.key));
    if (entry->size != request.bytes) {
      fail(fmt::format("the record of storage '{}' has {} bytes, the pickle says {}", request.key,
                       entry->size, request.bytes));
    }
    return std::make_shared<const pickle::Storage>(
        pickle::Storage{request.type, contents(*entry), zip_.mapping()});
  }

  std::span<const std::byte> contents(const ZipEntry& entry) const {
    if (options_.check_crc) zip_.check_crc(entry);
    return zip_.bytes(entry);
  }

  [[noreturn]] void fail(const std::string& problem) const { throw PickleError(source_, problem); }

  ZipFile zip_;
  std::string source_;
  const TorchLoadOptions& options_;
  std::string folder_;
};

/// 40 digits that depend on the records' names and contents, as torch writes them.
std::string serialization_id(const std::vector<ZipEntry>& entries) {
  Digest names(Digest::Algorithm::sha256);
  Digest contents(Digest::Algorithm::sha256);
  for (const ZipEntry& entry : entries) {
    names.update(entry.name + "\n");
    contents.update(fmt::format("{:08x}", entry.crc32));
  }
  const auto digits = [](Digest& digest) {
    return fmt::format("{:020}", std::stoull(digest.hex().substr(0, 16), nullptr, 16));
  };
  return digits(names) + digits(contents);
}

}  // namespace

pickle::Value load_torch_file(const std::filesystem::path& path, const TorchLoadOptions& options) {
  const auto file = MappedFile::open(path);
  constexpr std::string_view kZip = "PK";
  constexpr std::size_t kTarMagicAt = 257;
  if (head_of(*file, 0, kZip.size()) == kZip) return Archive(file, options).load();
  if (head_of(*file, kTarMagicAt, 5) == "ustar") {
    throw PickleError(path.string(),
                      "it is a tar archive of PyTorch before 0.1.10; convert it with an "
                      "old PyTorch");
  }
  return pickle::load_legacy_stream(file, options.limits);
}

WrittenFile save_torch_file(const std::filesystem::path& path, const pickle::Value& value,
                            const TorchSaveOptions& options) {
  const auto stop_here = [&] {
    throw_if_cancelled(options.stop, "writing '" + path.string() + "'");
  };
  const BytesNow bytes_now = [&](std::span<const std::byte> piece) {
    stop_here();
    return options.bytes_now ? options.bytes_now(piece) : piece;
  };
  const pickle::WrittenPickle pickled = pickle::write_pickle(value);
  const std::string folder = path.stem().string() + "/";
  pickle::ZipWriter zip(path, {.sha256 = options.sha256});
  zip.add(folder + "data.pkl", pickled.bytes);
  zip.add(folder + ".format_version", "1");
  zip.add(folder + ".storage_alignment", "64");
  zip.add(folder + "byteorder", "little");
  for (std::size_t i = 0; i < pickled.storages.size(); ++i) {
    zip.add(fmt::format("{}data/{}", folder, i), pickled.storages[i]->bytes, bytes_now);
  }
  zip.add(folder + "version", "3\n");
  zip.add(folder + ".data/serialization_id", serialization_id(zip.entries()));
  stop_here();
  return zip.commit();
}

}  // namespace torchhub
