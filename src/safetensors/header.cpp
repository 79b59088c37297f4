#include "torchhub/safetensors/header.h"

#include "safetensors/header_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <tuple>

namespace torchhub::safetensors {
namespace {

using Code = SafetensorsError::Code;

constexpr std::size_t kLengthBytes = 8;

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) {
    value = (value << 8) | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return value;
}

void check_tensor(const TensorInfo& tensor, const std::string& source) {
  const auto fail = [&](Code code, const std::string& problem) {
    throw SafetensorsError(code, source, tensor.name, problem);
  };
  const auto described = [&] {
    return fmt::format("shape [{}] of {}", fmt::join(tensor.shape, ", "), to_string(tensor.dtype));
  };
  const auto bits = bit_count(tensor.dtype, tensor.shape);
  if (!bits) fail(Code::shape_overflow, described() + " is larger than any file");
  if (*bits % 8 != 0) {
    fail(Code::partial_byte, described() + " does not end at the end of a byte");
  }
  if (tensor.end < tensor.begin) {
    fail(Code::reversed_offsets,
         fmt::format("data_offsets [{}, {}] run backwards", tensor.begin, tensor.end));
  }
  if (tensor.end - tensor.begin != *bits / 8) {
    fail(Code::size_mismatch, fmt::format("{} takes {} bytes, data_offsets span {}", described(),
                                          *bits / 8, tensor.end - tensor.begin));
  }
}

void check_order(const Header& header, std::uint64_t file_bytes, const std::string& source) {
  std::uint64_t expected = 0;
  for (const TensorInfo& tensor : header.tensors) {
    if (tensor.begin != expected) {
      throw SafetensorsError(
          Code::not_contiguous, source, tensor.name,
          fmt::format("begins at {}, where {} was due: {}", tensor.begin, expected,
                      tensor.begin > expected ? "there is a hole" : "it overlaps another tensor"));
    }
    expected = tensor.end;
  }
  if (expected != file_bytes - header.data_start) {
    throw SafetensorsError(Code::wrong_file_size, source, "",
                           fmt::format("the tensors take {} bytes, the file holds {} for them",
                                       expected, file_bytes - header.data_start));
  }
}

std::string quoted(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw InvalidArgumentError(
        fmt::format("A name or text for a safetensors header is not UTF-8 (it starts with '{}').",
                    text.substr(0, text.find_first_of("\x80\xff"))));
  }
}

}  // namespace

std::uint64_t header_end(std::span<const std::byte> head, std::uint64_t file_bytes,
                         const std::string& source) {
  if (file_bytes < kLengthBytes || head.size() < kLengthBytes) {
    throw SafetensorsError(Code::file_too_short, source, "",
                           fmt::format("{} bytes cannot hold a header",
                                       std::min<std::uint64_t>(file_bytes, head.size())));
  }
  const std::uint64_t length = little_endian(head.first(kLengthBytes));
  if (length > kMaxHeaderBytes) {
    throw SafetensorsError(
        Code::header_too_large, source, "",
        fmt::format("a header of {} bytes is over the limit of {}", length, kMaxHeaderBytes));
  }
  if (length > file_bytes - kLengthBytes) {
    throw SafetensorsError(
        Code::header_past_end, source, "",
        fmt::format("its header of {} bytes does not fit into {}", length, file_bytes));
  }
  return kLengthBytes + length;
}

Header parse_header(std::span<const std::byte> head, std::uint64_t file_bytes,
                    const std::string& source, const HeaderOptions& options) {
  const std::uint64_t end = header_end(head, file_bytes, source);
  if (head.size() < end) {
    throw SafetensorsError(
        Code::header_past_end, source, "",
        fmt::format("only {} of the header's {} bytes are here", head.size(), end));
  }
  const std::string_view text(reinterpret_cast<const char*>(head.data()) + kLengthBytes,
                              end - kLengthBytes);
  Header header = read_header_json(text, source, options);
  header.data_start = end;
  for (const TensorInfo& tensor : header.tensors) check_tensor(tensor, source);
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const TensorInfo& a, const TensorInfo& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  check_order(header, file_bytes, source);
  return header;
}

std::string encode_header(const Header& header) {
  std::string text = "{";
  if (!header.metadata.empty()) {
    text += "\"__metadata__\":{";
    for (const auto& [key, value] : header.metadata) {
      text += fmt::format("{}{}:{}", text.back() == '{' ? "" : ",", quoted(key), quoted(value));
    }
    text += '}';
  }
  for (const TensorInfo& tensor : header.tensors) {
    text += fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                        text.size() == 1 ? "" : ",", quoted(tensor.name), to_string(tensor.dtype),
                        fmt::join(tensor.shape, ","), tensor.begin, tensor.end);
  }
  text += '}';
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  if (text.size() > kMaxHeaderBytes) {
    throw InvalidArgumentError(
        fmt::format("{} tensors need a safetensors header of {} bytes, over the limit of {}. Write "
                    "several shards.",
                    header.tensors.size(), text.size(), kMaxHeaderBytes));
  }
  std::string length(kLengthBytes, '\0');
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length[i] = static_cast<char>((text.size() >> (8 * i)) & 0xFF);
  }
  return length + text;
}

}  // namespace torchhub::safetensors
