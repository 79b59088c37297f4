#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace torchhub::testing {

/// One event of a TensorBoard file, read by the rules of TFRecord and protocol buffers alone.
struct ReadEvent {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version = {};
  std::string tag = {};
  bool is_scalar = false;
  float scalar = 0;
  std::string text = {};
  std::string plugin = {};
};

/// Whole records of a file. Fails the test where a length or one of the two checksums is wrong.
std::vector<std::string> read_records(const std::string& bytes);
/// Fails the test for a broken message.
ReadEvent read_event(const std::string& record);
std::vector<ReadEvent> read_events(const std::string& bytes);

}  // namespace torchhub::testing
