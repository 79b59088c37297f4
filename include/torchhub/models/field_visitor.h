#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace torchhub {

/// Where a config keeps one field, for every type that config.json knows.
using FieldPointer =
    std::variant<bool*, int*, std::int64_t*, double*, std::string*, std::vector<int>*,
                 std::vector<std::int64_t>*, std::vector<double>*, std::vector<std::string>*,
                 std::optional<std::int64_t>*, std::optional<double>*, std::optional<std::string>*>;

/// A config lists its fields once, and reading, writing and comparing all walk that list:
/// `void fields(FieldVisitor& visit) override { visit("block_type", block_type); }`.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;

  template <typename Value>
  void operator()(std::string_view key, Value& field) {
    visit(key, FieldPointer(&field));
  }

 private:
  virtual void visit(std::string_view key, FieldPointer field) = 0;
};

}  // namespace torchhub
