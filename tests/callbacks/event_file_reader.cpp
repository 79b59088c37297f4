#include "callbacks/event_file_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace torchhub::testing {
namespace {

/// Bit by bit from the polynomial, so that it shares nothing with the table of the writer.
std::uint32_t masked_checksum(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int i = 0; i < 8; ++i) crc = (crc & 1u) != 0 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

template <typename Number>
Number number_at(const std::string& bytes, std::size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);  // tests run on little-endian machines
  return value;
}

std::uint64_t varint(const std::string& bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (int shift = 0; at < bytes.size(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= static_cast<std::uint64_t>(byte & 0x7fu) << shift;
    if (byte < 0x80) return value;
  }
  ADD_FAILURE() << "a varint is cut short";
  return value;
}

/// The fields of one message by number; of numbers, their bytes as they stand or the varint's
/// eight.
std::map<int, std::string> fields_of(const std::string& bytes) {
  std::map<int, std::string> fields;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint64_t key = varint(bytes, at);
    std::uint64_t size = 0;
    std::string value;
    switch (key & 7u) {
      case 0: {
        const std::uint64_t number = varint(bytes, at);
        value.assign(reinterpret_cast<const char*>(&number), sizeof number);
        break;
      }
      case 1:
        size = 8;
        break;
      case 2:
        size = varint(bytes, at);
        break;
      case 5:
        size = 4;
        break;
      default:
        ADD_FAILURE() << "wire type " << (key & 7u);
        return fields;
    }
    if (size > bytes.size() - at) {
      ADD_FAILURE() << "field " << (key >> 3) << " is cut short";
      return fields;
    }
    if ((key & 7u) != 0) value = bytes.substr(at, size);
    at += size;
    fields[static_cast<int>(key >> 3)] = value;
  }
  return fields;
}

void read_value(const std::string& value, ReadEvent& event) {
  auto fields = fields_of(value);
  event.tag = fields[1];
  if (fields.contains(2)) {
    event.is_scalar = true;
    event.scalar = number_at<float>(fields[2], 0);
  }
  if (fields.contains(8)) event.text = fields_of(fields[8])[8];
  if (fields.contains(9)) event.plugin = fields_of(fields_of(fields[9])[1])[1];
}

}  // namespace

std::vector<std::string> read_records(const std::string& bytes) {
  std::vector<std::string> records;
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes.size() - at < 16) {
      ADD_FAILURE() << "a record is cut short at " << at;
      break;
    }
    const auto length = number_at<std::uint64_t>(bytes, at);
    EXPECT_EQ(number_at<std::uint32_t>(bytes, at + 8), masked_checksum(bytes.substr(at, 8)));
    if (length > bytes.size() - at - 16) {
      ADD_FAILURE() << "the length at " << at << " is too large";
      break;
    }
    records.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(number_at<std::uint32_t>(bytes, at + 12 + length), masked_checksum(records.back()));
    at += 16 + length;
  }
  return records;
}

ReadEvent read_event(const std::string& record) {
  auto fields = fields_of(record);
  ReadEvent event;
  if (fields.contains(1)) event.wall_time = number_at<double>(fields[1], 0);
  if (fields.contains(2)) event.step = number_at<std::int64_t>(fields[2], 0);
  event.file_version = fields[3];
  if (fields.contains(5)) read_value(fields_of(fields[5])[1], event);
  return event;
}

std::vector<ReadEvent> read_events(const std::string& bytes) {
  std::vector<ReadEvent> events;
  for (const std::string& record : read_records(bytes)) events.push_back(read_event(record));
  return events;
}

}  // namespace torchhub::testing
