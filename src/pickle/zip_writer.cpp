#include "base/pieces.h"
#include "pickle/zip_format.h"
#include "torchhub/pickle/zip.h"

#include <zlib.h>

#include <algorithm>

namespace torchhub::pickle {
namespace {

constexpr std::uint64_t kAlignment = 64;

/// UTF-8 names; size and CRC follow the contents, unless there are none.
constexpr std::uint64_t flags(std::uint64_t size) { return size == 0 ? 0x0800 : 0x0808; }

/// Little-endian, and zeros where `size` is more than a value has.
void put(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i, value >>= 8) out += static_cast<char>(value & 0xFF);
}

}  // namespace

ZipWriter::ZipWriter(const std::filesystem::path& path, std::uint64_t zip64_from)
    : ZipWriter(path, ZipWriteOptions{.zip64_from = zip64_from}) {}

ZipWriter::ZipWriter(const std::filesystem::path& path, const ZipWriteOptions& options)
    : file_(path), zip64_from_(options.zip64_from) {
  if (options.sha256) digest_.emplace(Digest::Algorithm::sha256);
}

/// All bytes of the file pass here, in order: torch's form has the CRC of a record behind it, so
/// that the digest needs no second look at anything.
void ZipWriter::write(std::span<const std::byte> bytes) {
  if (digest_) digest_->update(bytes);
  file_.write(bytes);
}

void ZipWriter::write(std::string_view bytes) { write(std::as_bytes(std::span(bytes))); }

/// Its extra field "FB" fills the gap up to the next multiple of 64 with Z's, as torch does.
std::string ZipWriter::local_header(const std::string& name, std::uint64_t size) const {
  std::string zip64;
  if (size >= zip64_from_) {
    put(zip64, zip::kZip64Tag, 2);
    put(zip64, 16, 2);
    put(zip64, size, 8);
    put(zip64, size, 8);
  }
  constexpr std::size_t kFillHead = 4;
  const std::uint64_t start =
      file_.size() + zip::kHeaderBytes + name.size() + zip64.size() + kFillHead;
  const std::uint64_t fill = (kAlignment - start % kAlignment) % kAlignment;

  std::string out;
  put(out, zip::kHeaderSignature, 4);
  put(out, zip64.empty() ? 0 : 45, 2);  // the version that a reader needs
  put(out, flags(size), 2);
  put(out, 0, 2 + 4 + 4);  // stored; no time: equal contents give equal files; CRC follows
  put(out, zip64.empty() ? 0 : zip::kMax32, 4);
  put(out, zip64.empty() ? 0 : zip::kMax32, 4);
  put(out, name.size(), 2);
  put(out, zip64.size() + kFillHead + fill, 2);
  out += name + zip64 + "FB";
  put(out, fill, 2);
  out.append(fill, 'Z');
  return out;
}

void ZipWriter::add(std::string name, std::span<const std::byte> bytes, const BytesNow& bytes_now) {
  header_offsets_.push_back(file_.size());
  write(local_header(name, bytes.size()));
  ZipEntry entry{std::move(name), file_.size(), bytes.size()};
  uLong crc = 0;
  for_each_piece(bytes, bytes_now, [&](std::span<const std::byte> piece) {
    crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
    write(piece);
  });
  entry.crc32 = static_cast<std::uint32_t>(crc);

  entries_.push_back(std::move(entry));
  if (!bytes.empty()) write(descriptor(entries_.back()));
}

std::string ZipWriter::descriptor(const ZipEntry& entry) const {
  const std::size_t size_bytes = entry.size >= zip64_from_ ? 8 : 4;
  std::string out;
  put(out, zip::kDescriptorSignature, 4);
  put(out, entry.crc32, 4);
  put(out, entry.size, size_bytes);
  put(out, entry.size, size_bytes);
  return out;
}

void ZipWriter::add(std::string name, std::string_view text) {
  add(std::move(name), std::as_bytes(std::span(text)));
}

std::string ZipWriter::directory_entry(std::size_t index) const {
  const ZipEntry& entry = entries_[index];
  const std::uint64_t offset = header_offsets_[index];
  const bool large = entry.size >= zip64_from_;
  const bool far = offset >= zip64_from_;
  std::string zip64;
  if (large || far) {
    put(zip64, zip::kZip64Tag, 2);
    put(zip64, (large ? 16 : 0) + (far ? 8 : 0), 2);
    if (large) put(zip64, entry.size, 8);
    if (large) put(zip64, entry.size, 8);
    if (far) put(zip64, offset, 8);
  }

  std::string out;
  put(out, zip::kRecordSignature, 4);
  put(out, 0, 2);
  put(out, zip64.empty() ? 0 : 45, 2);
  put(out, flags(entry.size), 2);
  put(out, 0, 2 + 4);
  put(out, entry.crc32, 4);
  put(out, large ? zip::kMax32 : entry.size, 4);
  put(out, large ? zip::kMax32 : entry.size, 4);
  put(out, entry.name.size(), 2);
  put(out, zip64.size(), 2);
  put(out, 0, 2 + 2 + 2 + 4);  // no comment, first disk, no attributes
  put(out, far ? zip::kMax32 : offset, 4);
  return out + entry.name + zip64;
}

WrittenFile ZipWriter::commit() {
  const std::uint64_t start = file_.size();
  for (std::size_t i = 0; i < entries_.size(); ++i) write(directory_entry(i));
  const std::uint64_t end = file_.size();
  const std::uint64_t count = entries_.size();

  std::string out;
  put(out, zip::kEnd64Signature, 4);
  put(out, 44, 8);  // bytes that follow
  put(out, 0x031e, 2);
  put(out, 45, 2);
  put(out, 0, 4 + 4);
  put(out, count, 8);
  put(out, count, 8);
  put(out, end - start, 8);
  put(out, start, 8);
  put(out, zip::kLocatorSignature, 4);
  put(out, 0, 4);
  put(out, end, 8);
  put(out, 1, 4);
  put(out, zip::kEndSignature, 4);
  put(out, 0, 2 + 2);
  put(out, std::min<std::uint64_t>(count, 0xFFFF), 2);
  put(out, std::min<std::uint64_t>(count, 0xFFFF), 2);
  put(out, std::min(end - start, zip::kMax32), 4);
  put(out, std::min(start, zip::kMax32), 4);
  put(out, 0, 2);
  write(out);
  file_.commit();

  WrittenFile written{file_.size()};
  if (digest_) {
    written.sha256_seconds = digest_->seconds();
    written.sha256 = digest_->hex();
  }
  return written;
}

}  // namespace torchhub::pickle
