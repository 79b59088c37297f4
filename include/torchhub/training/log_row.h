#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace torchhub {

/// A list, a map, or a whole number that std::int64_t does not hold, as JSON on one line.
struct JsonText {
  std::string text;

  bool operator==(const JsonText&) const = default;
};

/// A number, a word or nothing, with whole numbers told apart from others as JSON does; what Python
/// writes besides is kept as it is.
using LogValue = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, JsonText>;

/// One entry of the log in its order: "loss", "grad_norm", "learning_rate", "epoch", "step", ...
using LogRow = std::vector<std::pair<std::string, LogValue>>;

/// The value under `key` as a double, if it is there and a number.
std::optional<double> number_of(const LogRow& row, std::string_view key);

}  // namespace torchhub
