#include "pickle/zip_format.h"
#include "torchhub/pickle/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <utility>

namespace torchhub::pickle {
namespace {

constexpr std::size_t kMaxEntries = 4'000'000;

/// The file's bytes with checked access.
class Reader {
 public:
  explicit Reader(const MappedFile& file) : bytes_(file.bytes()), source_(file.path().string()) {}

  std::size_t size() const { return bytes_.size(); }

  std::uint64_t number(std::uint64_t at, std::size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) fail("the zip archive is cut short");
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) {
      value = (value << 8) | std::to_integer<std::uint64_t>(bytes_[at + i]);
    }
    return value;
  }

  std::string_view text(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) fail("the zip archive is cut short");
    return {reinterpret_cast<const char*>(bytes_.data()) + at, size};
  }

  [[noreturn]] void fail(const std::string& problem) const { throw PickleError(source_, problem); }

 private:
  std::span<const std::byte> bytes_;
  std::string source_;
};

/// Where the directory stands, from the record at the end of the file.
struct Directory {
  std::uint64_t entries = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};

std::uint64_t end_record(const Reader& file) {
  constexpr std::uint64_t kMaxComment = 0xFFFF;
  if (file.size() < zip::kEndBytes) file.fail("it is not a whole zip archive");
  const std::uint64_t last = file.size() - zip::kEndBytes;
  const std::uint64_t first = last > kMaxComment ? last - kMaxComment : 0;
  for (std::uint64_t at = last + 1; at-- > first;) {
    if (file.number(at, 4) == zip::kEndSignature && file.number(at + 20, 2) == last - at) return at;
  }
  file.fail("it has no zip directory; it may be cut short");
}

Directory directory_of(const Reader& file) {
  const std::uint64_t end = end_record(file);
  Directory directory{file.number(end + 10, 2), file.number(end + 12, 4), file.number(end + 16, 4)};
  if (end < zip::kLocatorBytes ||
      file.number(end - zip::kLocatorBytes, 4) != zip::kLocatorSignature) {
    return directory;
  }
  const std::uint64_t at = file.number(end - zip::kLocatorBytes + 8, 8);
  if (file.number(at, 4) != zip::kEnd64Signature) file.fail("its Zip64 directory is damaged");
  return {file.number(at + 32, 8), file.number(at + 40, 8), file.number(at + 48, 8)};
}

/// One record of the directory.
struct Record {
  ZipEntry entry;
  std::uint64_t compressed = 0;
  std::uint64_t header = 0;  // of the local header
};

/// The values that did not fit into 32 bits stand in an extra field, in this order.
void apply_zip64(const Reader& file, std::uint64_t at, std::uint64_t length, Record& record) {
  const std::uint64_t end = at + length;
  while (at + 4 <= end) {
    const std::uint64_t size = file.number(at + 2, 2);
    if (file.number(at, 2) == zip::kZip64Tag) {
      std::uint64_t field = at + 4;
      for (std::uint64_t* value : {&record.entry.size, &record.compressed, &record.header}) {
        if (*value != zip::kMax32) continue;
        if (field + 8 > at + 4 + size) file.fail("a Zip64 field is damaged");
        *value = file.number(field, 8);
        field += 8;
      }
      return;
    }
    at += 4 + size;
  }
}

/// Moves `at` behind the record.
Record read_record(const Reader& file, std::uint64_t& at) {
  if (file.number(at, 4) != zip::kRecordSignature) file.fail("its zip directory is damaged");
  const std::uint64_t name = file.number(at + 28, 2);
  const std::uint64_t extra = file.number(at + 30, 2);
  Record record{{std::string(file.text(at + zip::kRecordBytes, name))}};
  record.entry.crc32 = static_cast<std::uint32_t>(file.number(at + 16, 4));
  record.compressed = file.number(at + 20, 4);
  record.entry.size = file.number(at + 24, 4);
  record.header = file.number(at + 42, 4);
  apply_zip64(file, at + zip::kRecordBytes + name, extra, record);

  const auto fail = [&](std::string_view what) {
    file.fail(fmt::format("its entry '{}' {}", record.entry.name, what));
  };
  if ((file.number(at + 8, 2) & 1) != 0) fail("is encrypted");
  if (file.number(at + 10, 2) != 0) fail("is compressed; torch.save stores entries as they are");
  if (record.compressed != record.entry.size) fail("has two sizes");
  at += zip::kRecordBytes + name + extra + file.number(at + 32, 2);
  return record;
}

/// Finds the contents behind the local header.
ZipEntry located(const Reader& file, Record record) {
  const std::uint64_t header = record.header;
  if (header > file.size() || file.number(header, 4) != zip::kHeaderSignature ||
      file.text(header + zip::kHeaderBytes, file.number(header + 26, 2)) != record.entry.name) {
    file.fail(fmt::format("its entry '{}' is not where the directory says", record.entry.name));
  }
  record.entry.offset =
      header + zip::kHeaderBytes + file.number(header + 26, 2) + file.number(header + 28, 2);
  file.text(record.entry.offset, record.entry.size);  // checks the bounds
  return std::move(record.entry);
}

}  // namespace

ZipFile::ZipFile(std::shared_ptr<MappedFile> mapped) : file_(std::move(mapped)) {
  const Reader file(*file_);
  const Directory directory = directory_of(file);
  if (directory.entries > kMaxEntries || directory.entries > directory.size / zip::kRecordBytes) {
    file.fail("its zip directory is damaged");
  }
  file.text(directory.offset, directory.size);
  std::uint64_t at = directory.offset;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    entries_.push_back(located(file, read_record(file, at)));
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!places_.emplace(entries_[i].name, i).second) {
      file.fail(fmt::format("its entry '{}' is there twice", entries_[i].name));
    }
  }
}

const ZipEntry* ZipFile::find(std::string_view name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &entries_[found->second];
}

std::span<const std::byte> ZipFile::bytes(const ZipEntry& entry) const {
  return std::as_const(*file_).bytes().subspan(entry.offset, entry.size);
}

void ZipFile::check_crc(const ZipEntry& entry) const {
  const auto contents = bytes(entry);
  const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size());
  if (crc != entry.crc32) {
    throw PickleError(file_->path().string(),
                      fmt::format("the bytes of its entry '{}' were changed (CRC-32 {:08x} instead "
                                  "of {:08x})",
                                  entry.name, crc, entry.crc32));
  }
}

}  // namespace torchhub::pickle
