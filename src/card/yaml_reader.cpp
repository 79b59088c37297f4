#include "card/card_lines.h"
#include "card/code_points.h"
#include "card/yaml_scalar.h"
#include "card/yaml_source.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

// A tree takes hundreds of times the memory of its text, and aliases make a small text describe a
// huge or endless one.
constexpr std::size_t kMaxNodes = 200'000;

/// Their values are words, whatever YAML 1.1 would make of them: `language: no` is Norwegian.
constexpr std::array<std::string_view, 10> kWordKeys = {
    "language", "license",  "license_name", "license_link", "library_name",
    "tags",     "datasets", "metrics",      "base_model",   "pipeline_tag"};

/// The same inside the model-index, where `config: no` and `revision: 0123` are names too.
constexpr std::array<std::string_view, 5> kNameKeys = {"name", "type", "config", "split",
                                                       "revision"};

/// What is known of a value before it is read.
enum class Expected { anything, words, names, name };

[[noreturn]] void fail(std::string_view what, const YAML::Mark& mark) {
  const std::string place =
      mark.is_null() ? "" : fmt::format(" at line {}, column {}", mark.line + 1, mark.column + 1);
  throw ModelCardError(fmt::format(
      "The front matter of a model card cannot be read{}: {}. Mend the block between the two "
      "'---' lines.",
      place, what));
}

/// Reads along with yaml-cpp, so that it stops before it builds what is beyond the limits.
class LimitWatch final : public YAML::EventHandler {
 public:
  explicit LimitWatch(const FrontMatterLimits& limits) : limits_(limits) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    count(mark);
    if (!limits_.aliases_and_tags) fail("aliases are not allowed here", mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string&) override {
    count(mark);
    check_tag(mark, tag);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    enter(mark, tag);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    enter(mark, tag);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void count(const YAML::Mark& mark) {
    if (++nodes_ > kMaxNodes) fail(fmt::format("it has more than {} values", kMaxNodes), mark);
  }

  void enter(const YAML::Mark& mark, const std::string& tag) {
    count(mark);
    check_tag(mark, tag);
    if (++depth_ > limits_.max_depth) {
      fail(fmt::format("it is nested deeper than {} levels", limits_.max_depth), mark);
    }
  }

  /// yaml-cpp's own marks are "?" for plain and "!" for quoted text.
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (limits_.aliases_and_tags || tag.empty() || tag == "?" || tag == "!") return;
    fail("tags are not allowed here", mark);
  }

  const FrontMatterLimits& limits_;
  int depth_ = 0;
  std::size_t nodes_ = 0;
};

class Reader {
 public:
  enum class Gives { values, words };  ///< words: the texts of YamlSource.

  explicit Reader(int max_depth, Gives gives = Gives::values)
      : max_depth_(max_depth), gives_(gives) {}

  ordered_json value(const YAML::Node& node, int depth, Expected expected) {
    if (++nodes_ > kMaxNodes) fail("it unfolds into too many values", node.Mark());
    // Aliases nest what the text does not.
    if (depth > max_depth_) fail("it is nested too deeply", node.Mark());
    switch (node.Type()) {
      case YAML::NodeType::Sequence:
        return list(node, depth, expected);
      case YAML::NodeType::Map:
        return map(node, depth, expected);
      case YAML::NodeType::Scalar:
        return gives_ == Gives::words ? word(node) : scalar(node, expected);
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        break;
    }
    return gives_ == Gives::words ? ordered_json("") : ordered_json();
  }

 private:
  ordered_json list(const YAML::Node& node, int depth, Expected expected) {
    ordered_json out = ordered_json::array();
    for (const YAML::Node& item : node) out.push_back(value(item, depth + 1, expected));
    return out;
  }

  ordered_json map(const YAML::Node& node, int depth, Expected expected) {
    ordered_json::object_t out;
    std::unordered_map<std::string, std::size_t> places;  // ordered_json itself looks at every key
    for (const auto& entry : node) {
      if (!entry.first.IsScalar() && !entry.first.IsNull()) {
        fail("a key is not a word", entry.first.Mark());
      }
      const std::string key = entry.first.IsNull() ? "" : entry.first.Scalar();
      card::require_utf8(key);
      ordered_json held = value(entry.second, depth + 1, expected_of(key, depth, expected));
      const auto [place, is_new] = places.try_emplace(key, out.size());
      if (is_new) {
        out.emplace_back(key, std::move(held));
      } else {
        out.begin()[static_cast<std::ptrdiff_t>(place->second)].second =
            std::move(held);  // last wins
      }
    }
    return out;
  }

  static Expected expected_of(const std::string& key, int depth, Expected map) {
    const auto is_in = [&key](const auto& keys) {
      return std::find(keys.begin(), keys.end(), key) != keys.end();
    };
    if (depth == 0 && is_in(kWordKeys)) return Expected::words;
    if (depth == 0 && key == "model-index") return Expected::names;
    if (map == Expected::names && key != "args") {
      return is_in(kNameKeys) ? Expected::name : Expected::names;
    }
    return Expected::anything;
  }

  static ordered_json scalar(const YAML::Node& node, Expected expected) {
    card::require_utf8(node.Scalar());  // yaml-cpp makes bare bytes of some escapes
    const std::string& tag = node.Tag();
    const bool plain = tag.empty() || tag == "?" || tag == "tag:yaml.org,2002:int" ||
                       tag == "tag:yaml.org,2002:float" || tag == "tag:yaml.org,2002:bool";
    if (!plain) return node.Scalar();
    const card::PlainKind kind = card::plain_kind(node.Scalar());
    const bool keeps_text = expected == Expected::words || expected == Expected::name;
    if (keeps_text && kind == card::PlainKind::boolean) return node.Scalar();
    const bool number = kind == card::PlainKind::integer || kind == card::PlainKind::floating;
    if (expected == Expected::name && number) return node.Scalar();
    return card::plain_value(node.Scalar());
  }

  static ordered_json word(const YAML::Node& node) {
    return node.Tag() == "?" ? ordered_json(node.Scalar()) : ordered_json();
  }

  int max_depth_;
  Gives gives_;
  std::size_t nodes_ = 0;
};

void check_limits(const std::string& yaml, const FrontMatterLimits& limits) {
  std::istringstream text(yaml);
  LimitWatch watch(limits);
  YAML::Parser parser(text);
  parser.HandleNextDocument(watch);
  if (parser) fail("something follows where it should end", YAML::Mark::null_mark());
}

/// yaml-cpp takes some characters that YAML has no place for; a Hub would refuse the card.
void require_printable(std::string_view yaml) {
  const std::size_t at = card::find_unprintable(yaml);
  if (at == std::string_view::npos) return;
  const std::string_view before = yaml.substr(0, at);
  const std::size_t line = before.rfind('\n') + 1;  // npos + 1 is the start
  YAML::Mark mark;
  mark.line = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  mark.column = static_cast<int>(card::count_code_points(before.substr(line)));
  const std::string_view rest = yaml.substr(at);
  const std::size_t size = rest.starts_with('\xC2') ? 2 : rest.starts_with('\xEF') ? 3 : 1;
  const char32_t character = card::code_points(rest.substr(0, size)).front();
  fail(fmt::format("the character U+{:04X} is not allowed", static_cast<std::uint32_t>(character)),
       mark);
}

/// Editors that show a tab as blanks hide why YAML refuses the line.
bool has_tab_before_words(std::string_view yaml, const YAML::Mark& mark) {
  const std::vector<std::string_view> lines = card::lines_of(yaml);
  if (mark.is_null() || static_cast<std::size_t>(mark.line) >= lines.size()) return false;
  const std::string_view line = lines[static_cast<std::size_t>(mark.line)];
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

YAML::Node load(std::string_view yaml, const FrontMatterLimits& limits) {
  if (yaml.size() > limits.max_bytes) {
    throw ModelCardError(fmt::format(
        "The front matter of a model card has {} bytes; it may have {}. Move text below "
        "the second '---' line.",
        yaml.size(), limits.max_bytes));
  }
  card::require_utf8(yaml);
  const std::string text = card::with_newlines(yaml);
  require_printable(text);
  try {
    check_limits(text, limits);
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    const bool by_tab = has_tab_before_words(text, error.mark);
    fail(by_tab ? "a tab indents this line; use spaces" : error.msg, error.mark);
  }
}

YAML::Node load_map(std::string_view yaml, const FrontMatterLimits& limits) {
  const YAML::Node root = load(yaml, limits);
  if (!root || root.IsNull()) return YAML::Node(YAML::NodeType::Map);
  if (!root.IsMap()) fail("it is not a map of keys and values", root.Mark());
  return root;
}

}  // namespace

nlohmann::ordered_json parse_front_matter(std::string_view yaml, const FrontMatterLimits& limits) {
  return Reader(limits.max_depth).value(load_map(yaml, limits), 0, Expected::anything);
}

card::YamlSource card::read_yaml_source(std::string_view yaml) {
  const FrontMatterLimits limits;
  const YAML::Node root = load_map(yaml, limits);
  return {
      .data = Reader(limits.max_depth).value(root, 0, Expected::anything),
      .words = Reader(limits.max_depth, Reader::Gives::words).value(root, 0, Expected::anything)};
}

nlohmann::ordered_json card::read_yaml(std::string_view yaml) {
  const FrontMatterLimits limits;
  return Reader(limits.max_depth).value(load(yaml, limits), 0, Expected::anything);
}

}  // namespace torchhub
