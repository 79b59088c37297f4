#include "torchhub/data/idx.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Mean and deviation of the 60,000 training images, pixels in [0, 1].
constexpr double kFashionMnistMean = 0.2860;
constexpr double kFashionMnistDeviation = 0.3530;

constexpr std::int64_t kMaxElements = std::int64_t{1} << 33;

/// Bytes that one byte of deflate can stand for (https://zlib.net/zlib_tech.html).
constexpr std::uint64_t kMaxDeflateRatio = 1032;

/// A gzipped or plain file, read from the front.
class GzipReader {
 public:
  explicit GzipReader(const fs::path& path) : path_(path) {
    errno = 0;
    file_ = gzopen(path.c_str(), "rb");
    if (file_ == nullptr) throw_file_error("read", path, errno ? errno : ENOMEM);
  }
  ~GzipReader() { gzclose(file_); }  // whoever asked at_end() has seen all that it could report
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  void read(void* target, std::size_t bytes) {
    auto* at = static_cast<char*>(target);
    while (bytes > 0) {
      const std::size_t count = read_some(at, bytes);
      if (count == 0) {
        throw DatasetError(fmt::format("'{}' ends {} bytes too early. Copy or install it again.",
                                       path_.string(), bytes));
      }
      at += count;
      bytes -= count;
    }
  }

  /// Also checks the length and the checksum that end a gzipped file.
  bool at_end() {
    char byte = 0;
    return read_some(&byte, 1) == 0;
  }

  /// The file cannot hold more than this, header included.
  std::uint64_t most_bytes() {
    std::error_code code;
    const std::uint64_t size = fs::file_size(path_, code);
    if (code) throw_file_error("read", path_, code.value());
    return gzdirect(file_) != 0 ? size : size * kMaxDeflateRatio;
  }

 private:
  /// @return 0 only at the end of a file that is whole
  std::size_t read_some(void* target, std::size_t bytes) {
    errno = 0;
    const auto chunk = static_cast<unsigned>(std::min<std::size_t>(bytes, 1U << 30));
    const int count = gzread(file_, target, chunk);
    const int file_error = errno;
    int code = Z_OK;
    gzerror(file_, &code);
    if (code == Z_ERRNO) throw_file_error("read", path_, file_error ? file_error : EIO);
    if (count < 0 || code != Z_OK) {
      // gzread does not count a missing trailer as a failure; only Z_BUF_ERROR tells.
      throw DatasetError(fmt::format("'{}' is {}. Copy or install it again.", path_.string(),
                                     code == Z_BUF_ERROR ? "cut short" : "damaged"));
    }
    return static_cast<std::size_t>(count);
  }

  const fs::path& path_;
  gzFile file_;
};

std::uint32_t big_endian_u32(GzipReader& file) {
  std::array<unsigned char, 4> bytes{};
  file.read(bytes.data(), bytes.size());
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
         (std::uint32_t{bytes[2]} << 8) | std::uint32_t{bytes[3]};
}

torch::ScalarType type_of_code(std::uint32_t code, const fs::path& path) {
  switch (code) {
    case 0x08:
      return torch::kUInt8;
    case 0x09:
      return torch::kInt8;
    case 0x0B:
      return torch::kInt16;
    case 0x0C:
      return torch::kInt32;
    case 0x0D:
      return torch::kFloat32;
    case 0x0E:
      return torch::kFloat64;
    default:
      throw DatasetError(
          fmt::format("'{}' is not an IDX file: its element type is {:#04x}; known are 0x08, 0x09, "
                      "0x0b, 0x0c, 0x0d and 0x0e.",
                      path.string(), code));
  }
}

std::vector<std::int64_t> read_shape(GzipReader& file, std::uint32_t rank, const fs::path& path) {
  std::vector<std::int64_t> shape;
  std::int64_t elements = 1;
  for (std::uint32_t i = 0; i < rank; ++i) {
    shape.push_back(big_endian_u32(file));
    // A size of 0 does not excuse the others: LibTorch multiplies them all for its strides.
    const std::int64_t size = std::max<std::int64_t>(shape.back(), 1);
    if (elements > kMaxElements / size) {
      throw DatasetError(fmt::format("'{}' claims more than 2^33 elements.", path.string()));
    }
    elements *= size;
  }
  return shape;
}

/// Before memory is taken: the header is the file's word, and a short file can claim anything.
void check_room(GzipReader& file, const std::vector<std::int64_t>& shape, torch::ScalarType type,
                const fs::path& path) {
  std::uint64_t bytes = c10::elementSize(type);
  for (const std::int64_t size : shape) bytes *= static_cast<std::uint64_t>(size);
  if (bytes <= file.most_bytes()) return;
  throw DatasetError(
      fmt::format("'{}' claims {} bytes of numbers, more than a file of its length can hold. Copy "
                  "or install it again.",
                  path.string(), bytes));
}

void swap_bytes(torch::Tensor& values) {
  const auto width = static_cast<std::size_t>(values.element_size());
  auto* at = static_cast<unsigned char*>(values.data_ptr());
  for (std::int64_t i = 0; i < values.numel(); ++i, at += width) std::reverse(at, at + width);
}

}  // namespace

at::Tensor read_idx(const fs::path& path) {
  GzipReader file(path);
  const std::uint32_t magic = big_endian_u32(file);
  if ((magic >> 16) != 0) {
    throw DatasetError(fmt::format(
        "'{}' is not an IDX file: it does not start with two zero bytes.", path.string()));
  }
  const torch::ScalarType type = type_of_code((magic >> 8) & 0xff, path);
  const std::vector<std::int64_t> shape = read_shape(file, magic & 0xff, path);
  check_room(file, shape, type, path);
  torch::Tensor values = torch::empty(shape, type);
  file.read(values.data_ptr(), static_cast<std::size_t>(values.nbytes()));
  if (!file.at_end()) {
    throw DatasetError(fmt::format("'{}' has bytes after its last element.", path.string()));
  }
  if (values.element_size() > 1) swap_bytes(values);
  return values;
}

std::shared_ptr<TensorDataset> fashion_mnist(std::string_view split, const fs::path& folder) {
  if (split != "train" && split != "test") {
    throw InvalidArgumentError(
        fmt::format("Fashion-MNIST has no split '{}'; it has 'train' and 'test'.", split));
  }
  const std::string prefix = split == "train" ? "train" : "t10k";
  const fs::path images = folder / (prefix + "-images-idx3-ubyte.gz");
  const fs::path labels = folder / (prefix + "-labels-idx1-ubyte.gz");
  if (!fs::exists(images) || !fs::exists(labels)) {
    throw FileError(fmt::format("Fashion-MNIST is not in '{}'. Install Debian's package "
                                "dataset-fashion-mnist or name the folder that holds its files.",
                                folder.string()),
                    images);
  }
  const torch::Tensor pixels = read_idx(images).to(torch::kFloat32).div_(255);
  return std::make_shared<TensorDataset>(
      Batch{{"pixel_values", ((pixels - kFashionMnistMean) / kFashionMnistDeviation).unsqueeze(1)},
            {"labels", read_idx(labels).to(torch::kInt64)}});
}

}  // namespace torchhub
