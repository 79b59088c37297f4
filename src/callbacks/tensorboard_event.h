#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The three kinds of events that TensorBoard's files hold here, as protocol buffers (messages
/// Event and Summary of tensorboard/compat/proto), fields in ascending order as Python writes them.
namespace torchhub {

/// @param wall_time seconds since 1970
std::string version_event(double wall_time);
/// A number as `simple_value`, which is a float: larger ones become infinite.
std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, double value);
/// A text for TensorBoard's page of texts, where its tag is `<tag>/text_summary`.
std::string text_event(double wall_time, std::int64_t step, std::string_view tag,
                       std::string_view text);

/// A record of an event file: length, its masked CRC, the event, its masked CRC; little-endian.
std::string tfrecord(std::string_view event);

}  // namespace torchhub
