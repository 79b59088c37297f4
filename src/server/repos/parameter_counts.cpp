#include "server/repos/parameter_counts.h"

#include "torchhub/safetensors/header.h"
#include "torchhub/safetensors/index.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{4} << 20;
/// Of all headers of a model: they are read for each info request.
constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kLengthBytes = 8;

std::string front_of(const OpenFile& file, std::uint64_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::pread(file.descriptor(), bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // the header's parser says what is missing
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class Counter {
 public:
  Counter(const HubState& hub, const RepoRow& repo, const git::Repository& git,
          const std::string& commit)
      : hub_(hub), repo_(repo), git_(git), commit_(commit) {}

  /// @return false if the file's header is not to be had @throws SafetensorsError
  bool add(const std::string& path) {
    const auto entry = git_.entry(commit_, path);
    if (!entry || entry->is_folder) return false;
    const auto header = entry->lfs ? header_of_object(path, *entry->lfs) : header_of_blob(*entry);
    if (!header) return false;
    for (const safetensors::TensorInfo& tensor : header->tensors) {
      const std::uint64_t bits = safetensors::bit_count(tensor.dtype, tensor.shape).value_or(0);
      const std::uint64_t count = bits / safetensors::bits(tensor.dtype);
      by_type_[std::string(safetensors::to_string(tensor.dtype))] += count;
      total_ += count;
    }
    return true;
  }

  json result() const { return {{"parameters", by_type_}, {"total", total_}}; }

 private:
  std::optional<safetensors::Header> header_of_blob(const git::Entry& entry) const {
    if (entry.blob_size > kMaxHeaderBytes) return std::nullopt;
    const std::string bytes = git_.blob(entry.oid);
    return safetensors::parse_header(bytes_of(bytes), bytes.size(), entry.path);
  }

  std::optional<safetensors::Header> header_of_object(const std::string& path,
                                                      const LfsPointer& pointer) {
    // A pointer alone gives no right: its object must belong to this repository.
    if (!hub_.repo_objects.is_linked(repo_.id, pointer.oid)) return std::nullopt;
    const auto file = hub_.objects.open(pointer.oid);
    if (!file) return std::nullopt;
    const std::string length = front_of(*file, kLengthBytes);
    const std::uint64_t size = safetensors::header_end(bytes_of(length), pointer.size, path);
    if (size > header_bytes_left_) return std::nullopt;
    header_bytes_left_ -= size;
    return safetensors::parse_header(bytes_of(front_of(*file, size)), pointer.size, path);
  }

  const HubState& hub_;
  const RepoRow& repo_;
  const git::Repository& git_;
  const std::string& commit_;
  std::uint64_t header_bytes_left_ = kMaxHeaderBytes;
  std::map<std::string, std::uint64_t> by_type_ = {};
  std::uint64_t total_ = 0;
};

/// The files that hold the weights; none if the repository has no safetensors.
std::vector<std::string> weight_files(const git::Repository& git, const std::string& commit) {
  const std::string whole = "model.safetensors";
  const std::string index = "model.safetensors.index.json";
  if (git.entry(commit, whole)) return {whole};
  const auto text = git.file(commit, index, kMaxIndexBytes);
  if (!text) return {};
  return safetensors::parse_shard_index(*text, index).files();
}

}  // namespace

json count_parameters(const HubState& hub, const RepoRow& repo, const git::Repository& git,
                      const std::string& commit) {
  try {
    const std::vector<std::string> files = weight_files(git, commit);
    if (files.empty()) return nullptr;
    Counter counter(hub, repo, git, commit);
    for (const std::string& file : files) {
      if (!counter.add(file)) return nullptr;
    }
    return counter.result();
  } catch (const SafetensorsError&) {
    return nullptr;  // a stranger's file: the page works without it
  }
}

}  // namespace torchhub::server
