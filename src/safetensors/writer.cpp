#include "torchhub/safetensors/writer.h"

#include "base/pieces.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/cancel.h"
#include "torchhub/base/sha256.h"
#include "torchhub/safetensors/header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace torchhub {
namespace {

using safetensors::Header;
using safetensors::TensorView;

std::vector<std::string> problems(const std::vector<TensorView>& sorted) {
  std::vector<std::string> found;
  std::vector<std::string_view> names;
  for (const TensorView& tensor : sorted) {
    const auto bytes = safetensors::byte_count(tensor.dtype, tensor.shape);
    names.push_back(tensor.name);
    if (tensor.name == "__metadata__") {
      found.emplace_back("'__metadata__' is not a name for a tensor");
    }
    if (bytes != tensor.bytes.size()) {
      found.push_back(fmt::format(
          "'{}': shape [{}] of {} takes {} bytes, {} were given", tensor.name,
          fmt::join(tensor.shape, ", "), to_string(tensor.dtype),
          bytes ? fmt::to_string(*bytes) : "an impossible number of", tensor.bytes.size()));
    }
  }
  std::sort(names.begin(), names.end());
  for (auto at = std::adjacent_find(names.begin(), names.end()); at != names.end();
       at = std::adjacent_find(at + 1, names.end())) {
    found.push_back(fmt::format("'{}' is given twice", *at));
  }
  return found;
}

Header header_of(const std::vector<TensorView>& sorted,
                 const std::map<std::string, std::string>& metadata) {
  Header header;
  header.metadata = metadata;
  std::uint64_t offset = 0;
  for (const TensorView& tensor : sorted) {
    header.tensors.push_back(
        {tensor.name, tensor.dtype, tensor.shape, offset, offset + tensor.bytes.size()});
    offset += tensor.bytes.size();
  }
  return header;
}

}  // namespace

WrittenFile write_safetensors(const std::filesystem::path& path, std::vector<TensorView> tensors,
                              const safetensors::WriteOptions& options) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorView& a, const TensorView& b) {
    return a.dtype != b.dtype ? a.dtype > b.dtype : a.name < b.name;
  });
  if (auto found = problems(tensors); !found.empty()) {
    throw InvalidArgumentError(fmt::format("Cannot write '{}'", path.string()), std::move(found));
  }
  const std::string header = encode_header(header_of(tensors, options.metadata));

  AtomicFile file(path);
  std::optional<Digest> digest;
  if (options.sha256) digest.emplace(Digest::Algorithm::sha256);
  const auto put = [&](std::span<const std::byte> piece) {
    throw_if_cancelled(options.stop, "writing '" + path.string() + "'");
    if (digest) digest->update(piece);
    file.write(piece);
  };
  for_each_piece(std::as_bytes(std::span(header)), {}, put);
  for (const TensorView& tensor : tensors) for_each_piece(tensor.bytes, options.bytes_now, put);
  throw_if_cancelled(options.stop, "writing '" + path.string() + "'");
  file.commit();

  WrittenFile written{file.size()};
  if (digest) {
    written.sha256_seconds = digest->seconds();
    written.sha256 = digest->hex();
  }
  return written;
}

}  // namespace torchhub
