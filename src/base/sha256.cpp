#include "torchhub/base/sha256.h"

#include "torchhub/base/cancel.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <vector>

namespace torchhub {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

/// Feeds a whole file to `digest`.
void hash_file(Digest& digest, const std::filesystem::path& path, const std::stop_token& stop) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_file_error("read", path, errno);
  std::vector<char> chunk(kChunkBytes);
  while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || file.gcount() > 0) {
    throw_if_cancelled(stop, "hashing '" + path.string() + "'");
    digest.update(std::string_view(chunk.data(), static_cast<std::size_t>(file.gcount())));
  }
  if (file.bad()) throw_file_error("read", path, errno);
}

}  // namespace

struct Digest::Impl {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Digest::Digest(Algorithm algorithm) : impl_(std::make_unique<Impl>()) {
  const EVP_MD* type = algorithm == Algorithm::sha1 ? EVP_sha1() : EVP_sha256();
  if (EVP_DigestInit_ex(impl_->context.get(), type, nullptr) != 1) {
    throw Error("OpenSSL cannot start a digest; its configuration may forbid the algorithm.");
  }
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::span<const std::byte> bytes) {
  const auto start = std::chrono::steady_clock::now();
  EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size());
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Digest::update(std::string_view bytes) { update(std::as_bytes(std::span(bytes))); }

Digest Digest::copy() const {
  Digest other(Algorithm::sha256);  // the state brings its algorithm along
  EVP_MD_CTX_copy_ex(other.impl_->context.get(), impl_->context.get());
  return other;
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(impl_->context.get(), out.data(), &size);
  return to_hex(std::span(out).first(size));
}

std::string sha256_hex(std::string_view bytes) {
  Digest digest(Digest::Algorithm::sha256);
  digest.update(bytes);
  return digest.hex();
}

std::string sha256_hex_of_file(const std::filesystem::path& path, std::stop_token stop) {
  Digest digest(Digest::Algorithm::sha256);
  hash_file(digest, path, stop);
  return digest.hex();
}

std::string git_blob_id(std::string_view bytes) {
  Digest digest(Digest::Algorithm::sha1);
  digest.update(fmt::format("blob {}", bytes.size()));
  digest.update(std::string_view("\0", 1));
  digest.update(bytes);
  return digest.hex();
}

std::string git_blob_id_of_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw_file_error("read", path, error.value());
  Digest digest(Digest::Algorithm::sha1);
  digest.update(fmt::format("blob {}", size));
  digest.update(std::string_view("\0", 1));
  hash_file(digest, path, {});
  return digest.hex();
}

std::string hmac_sha256_hex(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), out.data(), &size);
  return to_hex(std::span(out).first(size));
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace torchhub
