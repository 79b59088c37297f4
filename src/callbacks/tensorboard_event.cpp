#include "callbacks/tensorboard_event.h"

#include "callbacks/crc32c.h"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace torchhub {
namespace {

template <typename Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    bytes += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }
  return bytes;
}

/// Writes fields of one message in wire format (protobuf.dev/programming-guides/encoding).
class Message {
 public:
  Message& number(int field, std::uint64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3);
    varint(value);
    return *this;
  }
  Message& real(int field, double value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 1);
    bytes_ += little_endian(std::bit_cast<std::uint64_t>(value));
    return *this;
  }
  Message& real(int field, float value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 5);
    bytes_ += little_endian(std::bit_cast<std::uint32_t>(value));
    return *this;
  }
  Message& bytes(int field, std::string_view value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.bytes_); }

  std::string take() { return std::move(bytes_); }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

/// A double beyond the floats is no valid cast.
float as_float(double value) {
  if (std::abs(value) <= std::numeric_limits<float>::max()) return static_cast<float>(value);
  if (std::isnan(value)) return std::numeric_limits<float>::quiet_NaN();
  return std::copysign(std::numeric_limits<float>::infinity(),
                       static_cast<float>(value > 0 ? 1 : -1));
}

std::string summary_event(double wall_time, std::int64_t step, const Message& value) {
  Message event;
  event.real(1, wall_time);
  if (step != 0) event.number(2, static_cast<std::uint64_t>(step));  // 0 is the field's default
  return event.message(5, Message().message(1, value)).take();
}

}  // namespace

std::string version_event(double wall_time) {
  return Message().real(1, wall_time).bytes(3, "brain.Event:2").take();
}

std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, double value) {
  return summary_event(wall_time, step, Message().bytes(1, tag).real(2, as_float(value)));
}

std::string text_event(double wall_time, std::int64_t step, std::string_view tag,
                       std::string_view text) {
  constexpr std::uint64_t kString = 7;  // DataType DT_STRING
  const Message one_element = Message().message(2, Message().number(1, 1));
  const Message tensor = Message().number(1, kString).message(2, one_element).bytes(8, text);
  const Message metadata = Message().message(1, Message().bytes(1, "text"));
  return summary_event(wall_time, step,
                       Message()
                           .bytes(1, std::string(tag).append("/text_summary"))
                           .message(8, tensor)
                           .message(9, metadata));
}

std::string tfrecord(std::string_view event) {
  const std::string length = little_endian(static_cast<std::uint64_t>(event.size()));
  return length + little_endian(masked_crc32c(length)) + std::string(event) +
         little_endian(masked_crc32c(event));
}

}  // namespace torchhub
