#include "torchhub/training/classification_metrics.h"

#include "torchhub/base/error.h"
#include "training/metrics/class_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub::metrics {
namespace {

/// Every metric here is a name and a formula over the same counts.
class CountedMetric : public StreamingMetric {
 public:
  using Formula = std::function<Metrics(const ClassTotals&)>;

  CountedMetric(std::string name, std::optional<std::int64_t> num_classes, Formula formula)
      : counts_(std::move(name), num_classes), formula_(std::move(formula)) {}

  std::string name() const override { return counts_.metric(); }
  void add(const EvalPrediction& batch) override { counts_.add(batch); }
  Metrics compute() const override { return formula_(counts_.totals()); }
  void reset() override { counts_.reset(); }

 private:
  ClassCounts counts_;
  Formula formula_;
};

struct Scores {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

/// scikit-learn's zero_division=0, without its warning.
double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Scores scores(std::int64_t hits, std::int64_t predicted, std::int64_t labels) {
  return {.precision = ratio(hits, predicted),
          .recall = ratio(hits, labels),
          .f1 = ratio(2 * hits, predicted + labels)};
}

Scores scores_of_class(const ClassTotals& totals, std::size_t id) {
  return scores(totals.hits[id], totals.predicted[id], totals.labels[id]);
}

Scores binary_scores(const ClassTotals& totals, std::int64_t pos_label, std::string_view metric) {
  std::vector<std::size_t> present;
  for (std::size_t id = 0; id < totals.hits.size(); ++id) {
    if (totals.predicted[id] + totals.labels[id] > 0) present.push_back(id);
  }
  if (present.size() > 2) {
    throw InvalidArgumentError(
        fmt::format("metrics::{} with Average::binary met {} classes. Choose Average::micro, macro "
                    "or weighted.",
                    metric, present.size()));
  }
  const auto positive = static_cast<std::size_t>(pos_label);
  const bool occurs = std::find(present.begin(), present.end(), positive) != present.end();
  if (!occurs && present.size() == 2) {
    throw InvalidArgumentError(fmt::format(
        "metrics::{}: pos_label is {}, and the two classes are {} and {}. Set pos_label "
        "to one of them.",
        metric, pos_label, present[0], present[1]));
  }
  return occurs ? scores_of_class(totals, positive) : Scores{};
}

/// The mean over the classes, each with its weight.
Scores mean_scores(const ClassTotals& totals, const ClassAverage& average) {
  Scores sum;
  double weights = 0;
  for (std::size_t id = 0; id < totals.hits.size(); ++id) {
    const bool counts = average.num_classes || totals.predicted[id] + totals.labels[id] > 0;
    const double weight = average.average == Average::weighted
                              ? static_cast<double>(totals.labels[id])
                              : (counts ? 1 : 0);
    const Scores one = scores_of_class(totals, id);
    sum.precision += weight * one.precision;
    sum.recall += weight * one.recall;
    sum.f1 += weight * one.f1;
    weights += weight;
  }
  return {
      .precision = sum.precision / weights, .recall = sum.recall / weights, .f1 = sum.f1 / weights};
}

Scores average_scores(const ClassTotals& totals, const ClassAverage& average,
                      std::string_view metric) {
  switch (average.average) {
    case Average::binary:
      return binary_scores(totals, average.pos_label, metric);
    case Average::micro:
      return scores(totals.correct, totals.samples, totals.samples);
    case Average::macro:
    case Average::weighted:
      break;
  }
  return mean_scores(totals, average);
}

std::unique_ptr<StreamingMetric> averaged(std::string name, const ClassAverage& average,
                                          std::function<Metrics(const Scores&)> named) {
  if (average.pos_label < 0) {
    throw InvalidArgumentError(fmt::format("metrics::{}: pos_label is {}; class ids start at 0.",
                                           name, average.pos_label));
  }
  auto formula = [name, average, named = std::move(named)](const ClassTotals& totals) {
    return named(average_scores(totals, average, name));
  };
  return std::make_unique<CountedMetric>(std::move(name), average.num_classes, std::move(formula));
}

/// For R_k of several classes (Gorodkin 2004), which is MCC for two.
double matthews(const ClassTotals& totals) {
  const auto samples = static_cast<double>(totals.samples);
  double both = static_cast<double>(totals.correct) * samples;
  double of_predicted = samples * samples;
  double of_labels = samples * samples;
  for (std::size_t id = 0; id < totals.hits.size(); ++id) {
    const auto predicted = static_cast<double>(totals.predicted[id]);
    const auto labels = static_cast<double>(totals.labels[id]);
    both -= predicted * labels;
    of_predicted -= predicted * predicted;
    of_labels -= labels * labels;
  }
  if (of_predicted == 0 || of_labels == 0) return 0;
  // One root of both: of a perfect prediction it is exactly 1.
  return std::clamp(both / std::sqrt(of_predicted * of_labels), -1.0, 1.0);
}

}  // namespace

std::unique_ptr<StreamingMetric> streaming_accuracy() {
  return std::make_unique<CountedMetric>("accuracy", std::nullopt, [](const ClassTotals& totals) {
    return Metrics{{"accuracy", ratio(totals.correct, totals.samples)}};
  });
}

std::unique_ptr<StreamingMetric> streaming_precision(const ClassAverage& average) {
  return averaged("precision", average, [](const Scores& mean) {
    return Metrics{{"precision", mean.precision}};
  });
}

std::unique_ptr<StreamingMetric> streaming_recall(const ClassAverage& average) {
  return averaged("recall", average, [](const Scores& mean) {
    return Metrics{{"recall", mean.recall}};
  });
}

std::unique_ptr<StreamingMetric> streaming_f1(const ClassAverage& average) {
  return averaged("f1", average, [](const Scores& mean) { return Metrics{{"f1", mean.f1}}; });
}

std::unique_ptr<StreamingMetric> streaming_precision_recall_f1(const ClassAverage& average) {
  return averaged("precision_recall_f1", average, [](const Scores& mean) {
    return Metrics{{"precision", mean.precision}, {"recall", mean.recall}, {"f1", mean.f1}};
  });
}

std::unique_ptr<StreamingMetric> streaming_matthews_correlation() {
  return std::make_unique<CountedMetric>(
      "matthews_correlation", std::nullopt, [](const ClassTotals& totals) {
        return Metrics{{"matthews_correlation", matthews(totals)}};
      });
}

Metrics accuracy(const EvalPrediction& prediction) {
  return compute_over(*streaming_accuracy(), prediction);
}

Metrics precision(const EvalPrediction& prediction) {
  return compute_over(*streaming_precision(), prediction);
}

Metrics recall(const EvalPrediction& prediction) {
  return compute_over(*streaming_recall(), prediction);
}

Metrics f1(const EvalPrediction& prediction) { return compute_over(*streaming_f1(), prediction); }

Metrics precision_recall_f1(const EvalPrediction& prediction, const ClassAverage& average) {
  return compute_over(*streaming_precision_recall_f1(average), prediction);
}

Metrics matthews_correlation(const EvalPrediction& prediction) {
  return compute_over(*streaming_matthews_correlation(), prediction);
}

}  // namespace torchhub::metrics
