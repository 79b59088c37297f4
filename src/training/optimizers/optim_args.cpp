#include "training/optimizers/optim_args.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace torchhub {
namespace {

template <typename Number>
bool reads_as(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

LogValue typed(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "true" || lower == "yes") return true;
  if (lower == "false" || lower == "no") return false;
  std::int64_t whole = 0;
  if (reads_as(text, whole)) return whole;
  double real = 0;
  if (reads_as(text, real)) return real;
  return std::string(text);
}

}  // namespace

LogRow parse_optim_args(std::string_view text, std::vector<std::string>& problems) {
  std::string bare(text);
  std::erase_if(bare, [](char c) { return c == ' ' || c == '\t'; });
  LogRow row;
  if (bare.empty()) return row;
  std::string_view rest = bare;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view pair = rest.substr(0, comma);
    const std::size_t equals = pair.find('=');
    const bool right = equals != std::string_view::npos && equals > 0 && equals + 1 < pair.size() &&
                       pair.find('=', equals + 1) == std::string_view::npos;
    if (!right) {
      problems.push_back(fmt::format("optim_args has '{}'; each part must be 'key=value'.", pair));
    } else {
      const std::string key(pair.substr(0, equals));
      const auto same = [&](const auto& item) { return item.first == key; };
      std::erase_if(row, same);  // the last one counts
      row.emplace_back(key, typed(pair.substr(equals + 1)));
    }
    more = comma != std::string_view::npos;
    rest.remove_prefix(more ? comma + 1 : rest.size());
  }
  return row;
}

}  // namespace torchhub
