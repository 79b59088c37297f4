#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace torchhub {

/// Streaming digest (OpenSSL). Not safe from several threads at once.
class Digest {
 public:
  enum class Algorithm { sha1, sha256 };

  explicit Digest(Algorithm algorithm);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view bytes);
  /// Goes on from the same state on its own.
  Digest copy() const;
  /// Lower-case hex. The object cannot be used afterwards.
  std::string hex();
  double seconds() const { return seconds_; }  ///< Spent in update().

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  double seconds_ = 0;
};

/// Hex of the SHA-256 of `bytes`.
std::string sha256_hex(std::string_view bytes);

/// Hex of the SHA-256 of a file, read in chunks. @throws FileError, CancelledError
std::string sha256_hex_of_file(const std::filesystem::path& path, std::stop_token stop = {});

/// The id git gives a file with these contents: SHA-1 of "blob <size>\0" and the bytes.
std::string git_blob_id(std::string_view bytes);
/// @throws FileError
std::string git_blob_id_of_file(const std::filesystem::path& path);

/// HMAC-SHA-256, as hex.
std::string hmac_sha256_hex(std::string_view key, std::string_view message);

/// Compares in a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace torchhub
