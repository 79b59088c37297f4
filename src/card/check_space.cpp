#include "card/card_check.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace torchhub::card {
namespace {

using nlohmann::ordered_json;
using Severity = CardProblem::Severity;
using std::string_view;

constexpr std::array<string_view, 4> kSdks = {"gradio", "streamlit", "docker", "static"};
constexpr std::array<string_view, 8> kColors = {"red",    "yellow", "green", "blue",
                                                "indigo", "purple", "pink",  "gray"};

void check_sdk(CardCheck& check) {
  if (check.value_of("sdk") == nullptr) {
    check.add(Severity::warning, "sdk",
              "is missing, so the space cannot run. Use gradio, streamlit, docker or static");
  }
  check.one_of("sdk", kSdks);
}

void check_port(CardCheck& check) {
  const ordered_json* port = check.value_of("app_port");
  if (port == nullptr) return;
  constexpr std::int64_t kLast = 65535;
  const bool fine = port->is_number_integer() && port->get<std::int64_t>() > 0 &&
                    port->get<std::int64_t>() <= kLast;
  if (!fine) check.add(Severity::error, "app_port", "must be a number from 1 to 65535");
}

void check_short_description(CardCheck& check) {
  constexpr std::size_t kMost = 60;
  const std::string* text = check.word("short_description");
  if (text == nullptr) return;
  const auto characters = std::count_if(text->begin(), text->end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  if (static_cast<std::size_t>(characters) <= kMost) return;
  check.add(Severity::error, "short_description",
            fmt::format("has {} characters; the Hub takes {}", characters, kMost));
}

}  // namespace

void check_space(CardCheck& check) {
  check.common();
  check_sdk(check);
  for (const char* key : {"title", "emoji", "app_file"}) check.word(key);
  for (const char* key : {"colorFrom", "colorTo"}) check.one_of(key, kColors);
  check_port(check);
  check_short_description(check);
  const ordered_json* pinned = check.value_of("pinned");
  if (pinned != nullptr && !pinned->is_boolean()) {
    check.add(Severity::error, "pinned", "must be true or false");
  }
  check.datasets();
  check.words("models", is_model_id, "no model id, so the Hub links nothing. Use 'owner/name'",
              Severity::warning);
}

}  // namespace torchhub::card
