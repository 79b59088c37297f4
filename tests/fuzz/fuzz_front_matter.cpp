// The front matter of a model card: reading, writing, and edits by key.

#include "torchhub/card/errors.h"
#include "torchhub/card/eval_results_file.h"
#include "torchhub/card/front_matter.h"
#include "torchhub/card/validate.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace torchhub;
using nlohmann::ordered_json;

void check(bool holds) {
  if (!holds) std::abort();
}

/// As text, in which a NaN is like a NaN.
std::string shown(const ordered_json& data) { return write_front_matter(data); }

void edit(std::string_view yaml, const ordered_json& before, const std::string& key,
          const ordered_json& value) {
  ordered_json wanted = before;
  if (value.is_null()) {
    wanted.erase(key);
  } else {
    wanted[key] = value;
  }
  const std::string edited = with_key(yaml, key, value);
  check(shown(parse_front_matter(edited)) == shown(wanted));
  check(with_key(edited, key, value) == edited);
}

void read_and_edit(std::string_view yaml) {
  ordered_json data;
  try {
    data = parse_front_matter(yaml);
  } catch (const ModelCardError&) {
    return;
  }
  const std::string written = write_front_matter(data);
  check(shown(parse_front_matter(written)) == written);
  std::vector<std::string> keys = {"license"};
  for (const auto& item : data.items()) {
    if (keys.size() < 4) keys.push_back(item.key());
  }
  for (const std::string& key : keys) {
    edit(yaml, data, key, "mit");
    edit(yaml, data, key, {{"no", {1.5, "text"}}});
    edit(yaml, data, key, nullptr);
    check(!data.contains(key) || data[key].is_null() || with_key(yaml, key, data[key]) == yaml);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view card(reinterpret_cast<const char*>(data), size);
  const CardParts parts = split_card(card);
  check(std::string(parts.opening).append(parts.yaml).append(parts.closing).append(parts.body) ==
        card);
  problems_of_card(card);
  read_and_edit(parts.opening.empty() ? card : parts.yaml);
  try {
    const auto entries = parse_eval_results_file(card);
    check(parse_eval_results_file(write_eval_results_file(entries)).size() == entries.size());
  } catch (const ModelCardError&) {
  }
  return 0;
}
