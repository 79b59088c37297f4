#include "server/admin/tar.h"

#include "server/store/data_folder.h"
#include "torchhub/base/error.h"
#include "torchhub/server/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <numeric>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 512;
using Block = std::array<char, kBlock>;

// Where the fields of a header lie (POSIX.1-1988).
constexpr std::size_t kMode = 100;
constexpr std::size_t kSize = 124;
constexpr std::size_t kSizeLength = 12;
constexpr std::size_t kSum = 148;
constexpr std::size_t kSumLength = 8;
constexpr std::size_t kType = 156;
constexpr std::size_t kMagic = 257;

std::uint64_t padding_of(std::uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

void put_text(Block& block, std::size_t at, std::string_view text) {
  std::memcpy(block.data() + at, text.data(), text.size());
}

/// With the checksum's own field as blanks.
unsigned sum_of(Block block) {
  std::fill_n(block.begin() + kSum, kSumLength, ' ');
  return std::accumulate(block.begin(), block.end(), 0U,
                         [](unsigned sum, char c) { return sum + static_cast<unsigned char>(c); });
}

void put_size(Block& block, std::uint64_t size) {
  constexpr std::uint64_t kOctalLimit = std::uint64_t{1} << 33;
  if (size < kOctalLimit) return put_text(block, kSize, fmt::format("{:011o}", size));
  block[kSize] = static_cast<char>(0x80);
  for (std::size_t i = 0; i < sizeof(size); ++i) {
    block[kSize + kSizeLength - 1 - i] = static_cast<char>(size >> (8 * i));
  }
}

std::optional<std::uint64_t> size_in(const Block& block) {
  std::uint64_t size = 0;
  if (static_cast<unsigned char>(block[kSize]) == 0x80) {
    for (std::size_t i = 4; i < kSizeLength; ++i) {
      size = size << 8U | static_cast<unsigned char>(block[kSize + i]);
    }
    return size;
  }
  constexpr int kOctal = 8;
  const char* start = block.data() + kSize;
  const auto [end, error] = std::from_chars(start, start + kSizeLength - 1, size, kOctal);
  return error == std::errc() ? std::optional(size) : std::nullopt;
}

}  // namespace

TarWriter::TarWriter(const fs::path& file)
    : path_(file), out_(file, std::ios::binary | std::ios::trunc) {
  if (!out_) throw_file_error("create", path_, errno);
}

void TarWriter::put(std::string_view bytes) {
  errno = 0;
  if (!out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    throw_file_error("write", path_, errno != 0 ? errno : EIO);
  }
  size_ += bytes.size();
}

void TarWriter::add(
    std::string_view name, std::uint64_t size,
    const std::function<void(const std::function<void(std::string_view)>&)>& write) {
  Block block{};
  put_text(block, 0, name);
  put_text(block, kMode, "0000644");
  put_size(block, size);
  block[kType] = '0';
  put_text(block, kMagic, std::string_view("ustar\00000", 8));
  put_text(block, kSum, fmt::format("{:06o}", sum_of(block)));
  block[kSum + kSumLength - 1] = ' ';
  put({block.data(), block.size()});
  const std::uint64_t start = size_;
  write([this](std::string_view bytes) { put(bytes); });
  if (size_ - start != size) {
    throw Error(fmt::format("'{}' changed its size while it was written.", name));
  }
  put(std::string(padding_of(size), '\0'));
}

void TarWriter::add(std::string_view name, std::string_view bytes) {
  add(name, bytes.size(), [bytes](const auto& put) { put(bytes); });
}

void TarWriter::add_file(std::string_view name, const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw_file_error("read", file, errno);
  add(name, fs::file_size(file), [&in](const auto& put) {
    std::array<char, std::size_t{64} << 10> room;
    while (in.read(room.data(), room.size()) || in.gcount() > 0) {
      put({room.data(), static_cast<std::size_t>(in.gcount())});
    }
  });
}

std::uint64_t TarWriter::close() {
  put(std::string(2 * kBlock, '\0'));
  errno = 0;
  out_.close();
  if (!out_) throw_file_error("write", path_, errno != 0 ? errno : EIO);
  sync_file(path_);
  return size_;
}

TarReader::TarReader(const fs::path& file) : path_(file), in_(file, std::ios::binary) {
  if (!in_) throw_file_error("read", path_, errno);
}

void TarReader::need(char* room, std::size_t count) {
  if (in_.read(room, static_cast<std::streamsize>(count))) return;
  throw ArchiveError(
      fmt::format("'{}' is cut off, or no archive of a repository.", path_.string()));
}

std::optional<TarReader::Entry> TarReader::next() {
  while (!read().empty()) {
  }
  Block block;
  need(block.data(), block.size());
  if (std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; })) {
    return std::nullopt;
  }
  unsigned sum = 0;
  constexpr int kOctal = 8;
  std::from_chars(block.data() + kSum, block.data() + kSum + kSumLength, sum, kOctal);
  const auto size = size_in(block);
  if (sum != sum_of(block) || !size || block[kType] != '0') {
    throw ArchiveError(fmt::format("'{}' is no archive of a repository.", path_.string()));
  }
  left_ = *size;
  padding_ = padding_of(*size);
  const auto end = std::find(block.begin(), block.begin() + kMode, '\0');
  return Entry{std::string(block.begin(), end), *size};
}

std::span<const char> TarReader::read() {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, room_.size()));
  need(room_.data(), count);
  left_ -= count;
  if (left_ == 0 && padding_ > 0) {
    Block rest;
    need(rest.data(), static_cast<std::size_t>(padding_));
    padding_ = 0;
  }
  return {room_.data(), count};
}

std::string TarReader::read_all(std::uint64_t limit) {
  if (left_ > limit) {
    throw ArchiveError(fmt::format("'{}' has an entry that is too large.", path_.string()));
  }
  std::string out;
  for (auto bytes = read(); !bytes.empty(); bytes = read()) out.append(bytes.data(), bytes.size());
  return out;
}

}  // namespace torchhub::server
