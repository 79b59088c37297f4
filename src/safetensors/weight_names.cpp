#include "torchhub/safetensors/weight_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub::safetensors {
namespace {

/// "00001-of-00003", as `{:05}-of-{:05}` writes it.
bool is_shard_number(std::string_view text) {
  constexpr std::string_view kOf = "-of-";
  constexpr std::size_t kDigits = 5;
  const auto digits = [](std::string_view part) {
    return part.size() == kDigits && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return text.size() == 2 * kDigits + kOf.size() && digits(text.substr(0, kDigits)) &&
         text.substr(kDigits, kOf.size()) == kOf && digits(text.substr(kDigits + kOf.size()));
}

std::string dotted(const std::string& variant) { return variant.empty() ? "" : "." + variant; }

}  // namespace

std::string WeightNames::single() const { return stem + dotted(variant) + extension; }

std::string WeightNames::shard(std::size_t number, std::size_t count) const {
  return fmt::format("{}{}-{:05}-of-{:05}{}", stem, dotted(variant), number, count, extension);
}

std::string WeightNames::index() const {
  return fmt::format("{}{}.index{}.json", stem, extension, dotted(variant));
}

bool WeightNames::owns(std::string_view file_name) const {
  if (file_name == single() || file_name == index()) return true;
  const std::string head = stem + dotted(variant) + "-";
  if (!file_name.starts_with(head) || !file_name.ends_with(extension) ||
      file_name.size() < head.size() + extension.size()) {
    return false;
  }
  file_name.remove_prefix(head.size());
  file_name.remove_suffix(extension.size());
  return is_shard_number(file_name);
}

std::vector<std::string> WeightNames::stale(std::span<const std::string> in_folder,
                                            std::span<const std::string> written) const {
  std::vector<std::string> left;
  std::copy_if(
      in_folder.begin(), in_folder.end(), std::back_inserter(left), [&](const std::string& name) {
        return owns(name) && std::find(written.begin(), written.end(), name) == written.end();
      });
  return left;
}

}  // namespace torchhub::safetensors
