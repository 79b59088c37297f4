#include "torchhub/weights/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace torchhub {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::string listed(std::string_view kind, const std::vector<std::string>& names,
                   std::size_t names_shown) {
  if (names.empty()) return "";
  const std::size_t shown = std::min(names.size(), names_shown);
  std::string text = fmt::format(
      "{} {}: {}", names.size(), kind,
      fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < names.size()) text += ", ...";
  return text + "\n";
}

}  // namespace

bool LoadReport::complete() const {
  return missing_keys.empty() && unexpected_keys.empty() && mismatched_keys.empty();
}

std::string LoadReport::text(std::size_t names_shown) const {
  std::vector<std::string> mismatched;
  for (const MismatchedKey& key : mismatched_keys) {
    mismatched.push_back(fmt::format("{} (file {}, model {})", key.name, shape_text(key.in_file),
                                     shape_text(key.in_model)));
  }
  std::string text = listed("missing in the file", missing_keys, names_shown) +
                     listed("not used by the model", unexpected_keys, names_shown) +
                     listed("of another shape", mismatched, names_shown);
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace torchhub
