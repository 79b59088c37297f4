#include "training/schedules/sliding_mean.h"

#include "torchhub/base/error.h"

#include <iterator>
#include <utility>

namespace torchhub {

double SlidingMean::add(double value) {
  values_.push_back(value);
  sum_ += value;
  if (std::ssize(values_) > window_) {
    sum_ -= values_.front();
    values_.pop_front();
  }
  return sum_ / static_cast<double>(values_.size());
}

pickle::Dict SlidingMean::state() const {
  pickle::List values;
  for (const double value : values_) values.items.emplace_back(value);
  pickle::Dict dict;
  dict.set("window_size", window_);
  dict.set("values", std::move(values));
  dict.set("sum", sum_);
  return dict;
}

void SlidingMean::load_state(const pickle::Dict& state) {
  SlidingMean loaded(state.at("window_size").integer());
  if (loaded.window_ <= 0) throw InvalidArgumentError("'window_size' of the mean is not above 0.");
  for (const pickle::Value& value : state.at("values").items()) {
    loaded.values_.push_back(value.number());
  }
  if (std::ssize(loaded.values_) > loaded.window_) {
    throw InvalidArgumentError("the mean has more values than fit in its window.");
  }
  loaded.sum_ = state.at("sum").number();
  *this = std::move(loaded);
}

}  // namespace torchhub
