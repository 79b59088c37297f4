#include "server/config/configuration.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace torchhub::server {
namespace {

constexpr std::string_view kVariablePrefix = "TORCHHUB_";
constexpr std::string_view kBlanks = " \t\r";

const Setting* find(std::span<const Setting> known, std::string_view name) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found != known.end() ? &*found : nullptr;
}

std::string names_of(std::span<const Setting> known) {
  std::vector<std::string_view> names;
  for (const Setting& setting : known) names.push_back(setting.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) + 1 - start);
}

std::string_view without_comment(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || kBlanks.find(line[at - 1]) != std::string_view::npos) return line.substr(0, at);
  }
  return line;
}

/// What one line of a file says, or what is wrong with it.
class FileReader {
 public:
  FileReader(std::string file, std::span<const Setting> known)
      : file_(std::move(file)), known_(known) {}

  void take(std::string_view line) {
    ++number_;
    const std::string_view said = trimmed(without_comment(line));
    if (said.empty()) return;
    const std::size_t sign = said.find('=');
    if (sign == std::string_view::npos) {
      problems_.push_back(fmt::format("{}: '{}' is no 'key = value'.", place(), said));
      return;
    }
    const std::string_view key = trimmed(said.substr(0, sign));
    if (find(known_, key) == nullptr) {
      problems_.push_back(fmt::format("{}: there is no setting '{}'.", place(), key));
      unknown_ = true;
      return;
    }
    values_.push_back({std::string(key), std::string(trimmed(said.substr(sign + 1))), place()});
  }

  std::vector<GivenValue> values() const {
    if (problems_.empty()) return values_;
    std::string text = fmt::format("{}", fmt::join(problems_, "\n"));
    if (unknown_) text += "\nThe settings are: " + names_of(known_) + ".";
    throw InvalidArgumentError(text);
  }

 private:
  std::string place() const { return fmt::format("{}:{}", file_, number_); }

  std::string file_;
  std::span<const Setting> known_;
  int number_ = 0;
  bool unknown_ = false;
  std::vector<std::string> problems_ = {};
  std::vector<GivenValue> values_ = {};
};

}  // namespace

std::vector<GivenValue> values_in_file(const std::filesystem::path& path,
                                       std::span<const Setting> known) {
  const std::string text = read_file(path);
  FileReader reader(path.string(), known);
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    reader.take(std::string_view(text).substr(start, end - start));
    start = end + 1;
  }
  return reader.values();
}

std::vector<GivenValue> values_in_environment(const std::vector<std::string>& environment,
                                              std::span<const Setting> known,
                                              std::vector<std::string>& strangers) {
  std::vector<GivenValue> values;
  for (const std::string& entry : environment) {
    if (!entry.starts_with(kVariablePrefix)) continue;
    const std::size_t sign = std::min(entry.find('='), entry.size());
    const std::string variable = entry.substr(0, sign);
    const auto setting = std::find_if(known.begin(), known.end(), [&](const Setting& candidate) {
      return candidate.variable() == variable;
    });
    if (setting == known.end()) {
      strangers.push_back(variable);
    } else {
      values.push_back({std::string(setting->name),
                        sign < entry.size() ? entry.substr(sign + 1) : std::string(), variable});
    }
  }
  return values;
}

void Configuration::take(const std::vector<GivenValue>& values) {
  for (const GivenValue& given : values) {
    const Setting* setting = find(known_, given.name);
    if (setting == nullptr) continue;  // the readers above have seen to it
    try {
      setting->value.set(settings_, given.value);
    } catch (const InvalidArgumentError& error) {
      // The value of a secret is no business of a log.
      const std::string why = setting->kind == Setting::Kind::secret
                                  ? fmt::format("the value of '{}' cannot be.", given.name)
                                  : error.what();
      throw InvalidArgumentError(fmt::format("{}: {}", given.origin, why));
    }
    origins_[given.name] = given.origin;
  }
}

std::string Configuration::text() const {
  std::string out;
  for (const Setting& setting : known_) {
    const std::string value = setting.value.get(settings_);
    const auto origin = origins_.find(setting.name);
    const std::string from = origin != origins_.end() ? origin->second : "default";
    const std::string shown =
        setting.kind == Setting::Kind::secret && !value.empty() ? "***" : value;
    // A setting that is not set has no value to write down.
    out += fmt::format("{}{} = {}  # {}\n", shown.empty() ? "# " : "", setting.name, shown, from);
  }
  return out;
}

}  // namespace torchhub::server
