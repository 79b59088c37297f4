#include "safetensors/header_json.h"

#include "torchhub/base/utf8.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <optional>
#include <unordered_map>

namespace torchhub::safetensors {
namespace {

using Code = SafetensorsError::Code;
using nlohmann::json;

constexpr std::size_t kMaxDepth = 8;
constexpr std::string_view kMetadata = "__metadata__";

/// An entry while it is read.
struct Draft {
  std::string name = {};
  std::optional<Dtype> dtype = std::nullopt;
  std::optional<std::vector<std::int64_t>> shape = std::nullopt;
  std::optional<std::vector<std::uint64_t>> offsets = std::nullopt;
};

/// Events, not a tree: a tree would silently keep one of two equal keys.
class HeaderSax final : public nlohmann::json_sax<json> {
 public:
  HeaderSax(const std::string& source, const HeaderOptions& options)
      : source_(source), options_(options) {}

  Header take() { return std::move(header_); }

  bool null() override {
    if (place() == Place::root && key_ == kMetadata) return true;  // as the reference does
    return scalar("null");
  }
  bool boolean(bool) override { return scalar("a truth value"); }
  bool number_integer(number_integer_t) override { return not_a_size("a negative number"); }
  bool number_float(number_float_t, const string_t& text) override {
    return not_a_size(fmt::format("the number {}", text));
  }
  bool binary(binary_t&) override { return scalar("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place() == Place::offsets) {
      draft_.offsets->push_back(value);
    } else if (place() == Place::shape) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail(Code::shape_overflow, fmt::format("the size {} is too large", value));
      }
      draft_.shape->push_back(static_cast<std::int64_t>(value));
    } else {
      return scalar("a number");
    }
    return true;
  }

  bool string(string_t& value) override {
    if (place() == Place::metadata) {
      header_.metadata[key_] = std::move(value);
    } else if (place() == Place::entry && key_ == "dtype") {
      draft_.dtype = find_dtype(value);
      if (!draft_.dtype) {
        fail(Code::unknown_dtype, fmt::format("unknown dtype '{}'; known are {}", value, known()));
      }
    } else {
      return scalar("text");
    }
    return true;
  }

  bool start_object(std::size_t) override {
    switch (place()) {
      case Place::document:
        return enter(Place::root);
      case Place::root:
        if (key_ == kMetadata) return enter(Place::metadata);
        draft_ = Draft{key_};
        return enter(Place::entry);
      default:
        if (!ignores_nested()) scalar("an object");
        return enter(Place::ignored);
    }
  }

  bool start_array(std::size_t) override {
    if (place() == Place::entry && key_ == "shape") {
      draft_.shape.emplace();
      return enter(Place::shape);
    }
    if (place() == Place::entry && key_ == "data_offsets") {
      draft_.offsets.emplace();
      return enter(Place::offsets);
    }
    if (!ignores_nested()) scalar("a list");
    return enter(Place::ignored);
  }

  bool key(string_t& name) override {
    if (place() == Place::ignored) return true;
    key_ = std::move(name);
    if (place() == Place::root) {
      check_new_name();
    } else if (place() == Place::metadata) {
      if (header_.metadata.contains(key_) && !options_.lenient) {
        fail(Code::duplicate_key, fmt::format("__metadata__ holds '{}' twice", key_));
      }
    } else if ((key_ == "dtype" && draft_.dtype) || (key_ == "shape" && draft_.shape) ||
               (key_ == "data_offsets" && draft_.offsets)) {
      fail(Code::duplicate_key, fmt::format("it holds '{}' twice", key_));
    }
    return true;
  }

  bool end_object() override {
    if (place() == Place::entry) finish_entry();
    places_.pop_back();
    return true;
  }

  bool end_array() override {
    places_.pop_back();
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    fail(Code::not_json,
         fmt::format("the header is not valid JSON at byte {} ({})", position + 8, error.what()));
  }

 private:
  enum class Place { document, root, metadata, entry, shape, offsets, ignored };

  Place place() const { return places_.back(); }

  bool enter(Place place) {
    if (places_.size() > kMaxDepth) {
      fail(Code::too_deep, fmt::format("the header is nested deeper than {}", kMaxDepth));
    }
    places_.push_back(place);
    return true;
  }

  /// In a field of an entry that we do not know; the reference skips those too.
  bool ignores_nested() const {
    return place() == Place::ignored || (place() == Place::entry && key_ != "dtype" &&
                                         key_ != "shape" && key_ != "data_offsets");
  }

  bool not_a_size(const std::string& what) {
    if (place() == Place::shape) {
      fail(Code::bad_shape, fmt::format("shape holds {}; sizes are whole and not negative", what));
    }
    return scalar(what);
  }

  /// A value of a kind that is wrong wherever it is looked at.
  bool scalar(std::string_view what) {
    switch (place()) {
      case Place::document:
        fail(Code::not_json, fmt::format("the header is {}, not an object", what));
      case Place::root:
        if (key_ == kMetadata) {
          fail(Code::metadata_not_text, fmt::format("__metadata__ is {}, not an object", what));
        }
        draft_ = Draft{key_};
        fail(Code::bad_field, fmt::format("its entry is {}, not an object", what));
      case Place::metadata:
        fail(Code::metadata_not_text, fmt::format("__metadata__ '{}' is {}, not text", key_, what));
      case Place::shape:
        fail(Code::bad_field, fmt::format("shape holds {}", what));
      case Place::offsets:
        fail(Code::bad_field, fmt::format("data_offsets holds {}", what));
      case Place::entry:
        if (!ignores_nested()) fail(Code::bad_field, fmt::format("{} is {}", key_, what));
        return true;
      case Place::ignored:
        return true;
    }
    return true;
  }

  void check_new_name() {
    draft_ = Draft{};
    const bool is_new = key_ == kMetadata ? !std::exchange(seen_metadata_, true)
                                          : seen_.try_emplace(key_, header_.tensors.size()).second;
    if (!is_new && !options_.lenient) {
      fail(Code::duplicate_key, fmt::format("the header holds '{}' twice", key_));
    }
  }

  void finish_entry() {
    key_.clear();
    const auto missing = [&](const char* field) {
      fail(Code::bad_field, fmt::format("{} is missing", field));
    };
    if (!draft_.dtype) missing("dtype");
    if (!draft_.shape) missing("shape");
    if (!draft_.offsets) missing("data_offsets");
    if (draft_.offsets->size() != 2) {
      fail(Code::bad_field,
           fmt::format("data_offsets holds {} numbers instead of 2", draft_.offsets->size()));
    }
    const std::size_t at = seen_.at(draft_.name);
    if (at == header_.tensors.size()) header_.tensors.push_back({draft_.name, *draft_.dtype});
    header_.tensors[at] = {std::move(draft_.name), *draft_.dtype, std::move(*draft_.shape),
                           (*draft_.offsets)[0], (*draft_.offsets)[1]};
    draft_ = Draft{};
  }

  static std::string known() {
    std::string words;
    for (const Dtype dtype : all_dtypes()) {
      words += fmt::format("{}{}", words.empty() ? "" : ", ", to_string(dtype));
    }
    return words;
  }

  [[noreturn]] void fail(Code code, const std::string& problem) const {
    throw SafetensorsError(code, source_, draft_.name, problem);
  }

  const std::string& source_;
  const HeaderOptions& options_;
  std::vector<Place> places_{Place::document};
  std::string key_;
  Draft draft_;
  std::unordered_map<std::string, std::size_t> seen_;  // name -> place in header_.tensors
  bool seen_metadata_ = false;
  Header header_;
};

}  // namespace

Header read_header_json(std::string_view text, const std::string& source,
                        const HeaderOptions& options) {
  if (!is_utf8(text)) throw SafetensorsError(Code::not_utf8, source, "", "the header is not UTF-8");
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) {
    throw SafetensorsError(Code::not_json, source, "", "the header is not a JSON object");
  }
  if (first != 0 && !options.lenient) {
    throw SafetensorsError(Code::leading_whitespace, source, "", "the header starts with a blank");
  }
  HeaderSax sax(source, options);
  json::sax_parse(text.begin(), text.end(), &sax);
  return sax.take();
}

}  // namespace torchhub::safetensors
