#pragma once

#include "torchhub/base/mapped_file.h"
#include "torchhub/safetensors/header.h"

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>

namespace torchhub {

struct SafetensorsOpenOptions {
  bool lenient = false;     ///< See safetensors::HeaderOptions.
  bool read_ahead = false;  ///< Ask the kernel to fetch the whole file in the background.
};

/// A safetensors file, mapped and checked. Reading is safe from several threads.
class SafetensorsFile {
 public:
  /// @throws SafetensorsError, FileError
  explicit SafetensorsFile(const std::filesystem::path& path,
                           const SafetensorsOpenOptions& options = {});
  SafetensorsFile(SafetensorsFile&&) noexcept = default;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept = default;

  const safetensors::Header& header() const { return header_; }
  const std::filesystem::path& path() const { return mapping_->path(); }

  /// Null if there is no such tensor. Lives as long as this object.
  const safetensors::TensorInfo* find(std::string_view name) const;
  /// @throws SafetensorsError (tensor_not_found)
  const safetensors::TensorInfo& at(std::string_view name) const;

  /// The bytes of a tensor of header(), without a copy; they live as long as mapping(). Writing to
  /// them copies the page and leaves the file as it is. Files of other writers may place them at
  /// any address: check the alignment before reading them as numbers.
  std::span<std::byte> bytes(const safetensors::TensorInfo& tensor) const;

  /// Keep a copy of the pointer as long as anything uses bytes().
  const std::shared_ptr<MappedFile>& mapping() const { return mapping_; }

 private:
  std::shared_ptr<MappedFile> mapping_;
  safetensors::Header header_;
  std::unordered_map<std::string_view, std::size_t> places_;  // keys live in header_, so no copies
};

}  // namespace torchhub
