#pragma once

#include "torchhub/training/log_row.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// Reads the keyword arguments of one schedule or optimizer and collects what is wrong with them.
/// Every name that is asked for counts as known; what was given besides is wrong.
class Keywords {
 public:
  /// @param owner whose they are, for messages: "lr_scheduler_kwargs of cosine"
  Keywords(std::string owner, const LogRow& given) : owner_(std::move(owner)), given_(given) {}

  double number(std::string_view name, double otherwise);
  std::int64_t count(std::string_view name, std::int64_t otherwise);  ///< A whole number from 0 on.
  bool flag(std::string_view name, bool otherwise);
  std::string word(std::string_view name, std::string_view otherwise,
                   std::initializer_list<std::string_view> allowed);
  /// None, as in Python, is as good as not given.
  std::optional<double> optional_number(std::string_view name);
  std::optional<std::int64_t> optional_count(std::string_view name);

  /// Notes "owner: `name` is `value`; it must be `rule`." unless `right`.
  void require(bool right, std::string_view name, std::string_view rule);
  void add_problem(std::string_view problem);
  /// All that is wrong, unknown names included. Call it last.
  std::vector<std::string> take_problems();

 private:
  const LogValue* find(std::string_view name);

  std::string owner_;
  const LogRow& given_;
  std::vector<std::string> known_;
  std::vector<std::string> problems_;
};

}  // namespace torchhub
