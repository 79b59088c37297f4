#include "torchhub/card/how_to_use.h"

#include "card/pinned_code.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace torchhub {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kClassOfTask = {{
    {"text-classification", "AutoModelForSequenceClassification"},
    {"text-generation", "AutoModelForCausalLM"},
    {"fill-mask", "AutoModelForMaskedLM"},
    {"token-classification", "AutoModelForTokenClassification"},
    {"question-answering", "AutoModelForQuestionAnswering"},
    {"image-classification", "AutoModelForImageClassification"},
    {"audio-classification", "AutoModelForAudioClassification"},
    {"object-detection", "AutoModelForObjectDetection"},
}};

constexpr std::string_view kCppRevision = ", {.revision = \"";
constexpr std::string_view kPythonRevision = ", revision=\"";

/// It goes between quotes of a program that a reader will run.
void require_plain(const char* field, const std::string& text) {
  if (stands_in_code(text)) return;
  throw InvalidArgumentError(fmt::format(
      "CardUsage::{} is '{}', which cannot stand in a program. Letters, digits and '_-./' can.",
      field, text));
}

std::string without_revisions(std::string text) {
  for (const auto& [begin, end] : {std::pair(kCppRevision, std::string_view("\"}")),
                                   std::pair(kPythonRevision, std::string_view("\""))}) {
    const std::size_t at = text.find(begin);
    const std::size_t stop = at == std::string::npos ? at : text.find(end, at + begin.size());
    if (stop != std::string::npos) text.erase(at, stop + end.size() - at);
  }
  return text;
}

std::string cpp_code(const CardUsage& usage, const std::string& auto_class) {
  const std::string options =
      usage.revision.empty() ? "" : fmt::format("{}{}\"}}", kCppRevision, usage.revision);
  return fmt::format(
      "```cpp\n"
      "#include <torchhub/torchhub.h>\n\n"
      "auto model = torchhub::{}::from_pretrained(\"{}\"{});\n"
      "```\n",
      auto_class, usage.repo_id, options);
}

std::string python_code(const CardUsage& usage, const std::string& auto_class) {
  const std::string revision =
      usage.revision.empty() ? "" : fmt::format("{}{}\"", kPythonRevision, usage.revision);
  if (usage.in_transformers) {
    return fmt::format(
        "```python\n"
        "from transformers import {0}\n\n"
        "model = {0}.from_pretrained(\"{1}\"{2})\n"
        "```\n",
        auto_class, usage.repo_id, revision);
  }
  return fmt::format(
      "```python\n"
      "from huggingface_hub import hf_hub_download\n"
      "from safetensors.torch import load_file\n\n"
      "weights = load_file(hf_hub_download(\"{}\", \"model.safetensors\"{}))\n"
      "```\n",
      usage.repo_id, revision);
}

}  // namespace

bool stands_in_code(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./").find(c) != std::string_view::npos;
  });
}

std::string auto_class_of_task(const std::string& task) {
  for (const auto& [known, name] : kClassOfTask) {
    if (known == task) return std::string(name);
  }
  return "AutoModel";
}

bool card::differ_by_pin(const Section& a, const Section& b) {
  return a.key == kUsageKey && b.key == kUsageKey &&
         without_revisions(comparable(a.text)) == without_revisions(comparable(b.text));
}

std::string how_to_use(const CardUsage& usage) {
  require_plain("repo_id", usage.repo_id);
  require_plain("revision", usage.revision);
  require_plain("auto_class", usage.auto_class);
  const std::string auto_class =
      usage.auto_class.empty() ? auto_class_of_task(usage.task) : usage.auto_class;
  return fmt::format("In C++ with torchhub:\n\n{}\nIn Python:\n\n{}", cpp_code(usage, auto_class),
                     python_code(usage, auto_class));
}

}  // namespace torchhub
