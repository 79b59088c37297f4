#include "torchhub/callbacks/training_plot.h"

#include "callbacks/plot_axis.h"
#include "callbacks/plot_panel.h"
#include "callbacks/plot_series.h"
#include "callbacks/run_event.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <regex>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::TestRun;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

LogRow row(std::int64_t step, LogRow values) {
  values.emplace_back("step", step);
  return values;
}

/// Falls and jitters as losses do; an evaluation every hundredth step.
std::vector<LogRow> history(std::int64_t steps, std::int64_t every = 1) {
  std::vector<LogRow> rows;
  for (std::int64_t step = every; step <= steps; step += every) {
    const double share = static_cast<double>(step) / static_cast<double>(steps);
    const double jitter = 0.1 * std::sin(static_cast<double>(step) * 12.9898);
    rows.push_back(row(step, {{"loss", 2 / (1 + 5 * share) + jitter}, {"learning_rate", 1e-5}}));
    if (step % (100 * every) != 0) continue;
    rows.push_back(row(step, {{"eval_loss", 2 / (1 + 4 * share)},
                              {"eval_accuracy", 1 - 1 / (1 + 9 * share)},
                              {"eval_perplexity", 40 / (1 + share)},
                              {"eval_runtime", 12.5}}));
  }
  return rows;
}

/// Nothing where every tag is closed in its order, attributes are quoted and texts are escaped.
std::string fault_of_xml(const std::string& xml) {
  static const std::regex kTag(R"re(<(/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<]*")*)(/?)>)re");
  static const std::regex kText(R"re((?:[^<>&\x01-\x08]|&(?:amp|lt|gt|quot);)*)re");
  std::vector<std::string> open;
  std::size_t at = 0;
  while (at < xml.size()) {
    const std::size_t tag = std::min(xml.find('<', at), xml.size());
    for (std::size_t from = at; from < tag; from += 500) {  // std::regex recurses a character
      const std::string text = xml.substr(from, std::min<std::size_t>(500, tag - from));
      if (!std::regex_match(text, kText)) return "text: " + text;
    }
    if (tag == xml.size()) break;
    const std::size_t end = xml.find('>', tag);
    if (end == std::string::npos) return "a tag is not closed";
    const std::string whole = xml.substr(tag, end + 1 - tag);
    at = end + 1;
    if (whole.starts_with("<path")) {  // long, but of plain characters
      if (!whole.ends_with("\"/>") || std::count(whole.begin(), whole.end(), '"') != 4)
        return whole;
      continue;
    }
    std::smatch match;
    if (!std::regex_match(whole, match, kTag)) return "tag: " + whole;
    if (match[1] == "/") {
      if (open.empty() || open.back() != match[2]) return "closed without need: " + whole;
      open.pop_back();
    } else if (match[4] != "/") {
      open.push_back(match[2]);
    }
  }
  return open.empty() ? "" : "open at the end: " + open.back();
}

std::ptrdiff_t count_of(const std::string& text, const std::string& part) {
  std::ptrdiff_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(TrainingPlot, ShowsLossesAndMetricsWithAxesTicksAndLegend) {
  const std::string svg = training_plot("My run", history(2000));
  EXPECT_EQ(fault_of_xml(svg), "");
  for (const std::string part :
       {">My run</text>", ">Loss</text>", ">Metrics</text>", ">eval_perplexity</text>",
        ">step</text>", ">loss 0.", ">eval_loss 0.4</text>", ">eval_accuracy 0.9</text>",
        ">eval_perplexity 20</text>", ">1.5</text>", ">2000</text>", "prefers-color-scheme:dark"}) {
    EXPECT_EQ(std::min<std::ptrdiff_t>(1, count_of(svg, part)), 1) << part;
  }
  EXPECT_EQ(svg.find("runtime"), std::string::npos);
  EXPECT_EQ(svg.find("learning_rate"), std::string::npos);
  EXPECT_EQ(count_of(svg, "<g "), 3);
  EXPECT_EQ(svg, training_plot("My run", history(2000)));
}

TEST(TrainingPlot, StaysSmallHoweverLongTheRun) {
  EXPECT_LT(training_plot("long", history(300'000)).size(), 100'000u);
  std::vector<LogRow> many;
  for (std::int64_t step = 1; step <= 3000; ++step) {
    LogRow values;
    for (int i = 0; i < 60; ++i) {
      const double value = std::sin(static_cast<double>(step * (i + 1)));
      values.emplace_back(fmt::format("eval_set{}_loss", i), value);
      values.emplace_back(fmt::format("eval_metric{}", i), i % 2 == 0 ? value : value * 1000);
    }
    many.push_back(row(step, std::move(values)));
  }
  const std::string svg = training_plot("many", many);
  EXPECT_EQ(fault_of_xml(svg), "");
  EXPECT_LT(svg.size(), 200'000u);
  EXPECT_NE(svg.find(">and 48 more</text>"), std::string::npos);
}

TEST(TrainingPlot, LeavesGapsWhereNumbersAreNotFinite) {
  std::vector<LogRow> rows;
  for (const double value : {1.0, kNaN, 2.0, kInfinity, -kInfinity, 1e305, 3.0, 4.0}) {
    rows.push_back(row(std::ssize(rows) + 1, {{"loss", value}}));
  }
  const std::string svg = training_plot("gaps", rows);
  EXPECT_EQ(fault_of_xml(svg), "");
  EXPECT_NE(svg.find(">loss 4 (4 not finite)</text>"), std::string::npos) << svg;
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_EQ(count_of(svg, "<circle "), 4);
  const std::regex line(R"(d="M[0-9. ]+h0M[0-9. ]+h0M[0-9. ]+h0L[0-9. ]+")");
  EXPECT_TRUE(std::regex_search(svg, line)) << svg;
}

TEST(TrainingPlot, CopesWithFewPointsAndFlatLines) {
  EXPECT_NE(training_plot("none", {}).find("Nothing has been logged yet."), std::string::npos);
  const std::vector<std::vector<LogRow>> cases = {
      {},
      {row(0, {{"loss", 0.0}})},
      {row(5, {{"loss", 1e-300}})},
      {row(1, {{"loss", kNaN}})},
      {row(1, {{"loss", 1e300}}), row(2, {{"loss", -1e300}})},
      {row(1, {{"loss", 7.0}}), row(2, {{"loss", 7.0}})},
      {row(1, {{"loss", 1.0}}), row(2, {{"loss", 1.0 + 1e-15}})},
      {row(1, {{"loss", 5e-324}}), row(2, {{"loss", 0.0}})},
      {row(std::int64_t{1} << 60, {{"eval_f1", std::int64_t{1}}})},
      {{{"loss", 1.0}}, row(-3, {{"loss", 1.0}})},  // no step, or one that cannot be
      {row(1, {{"loss", "text"}, {"eval_x", nullptr}, {"eval_y", true}})}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const std::string svg = training_plot("few", cases[i]);
    EXPECT_EQ(fault_of_xml(svg), "");
    EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
    EXPECT_EQ(svg.find("inf\""), std::string::npos) << svg;
    EXPECT_LT(svg.size(), 12'000u);
  }
}

TEST(TrainingPlot, EscapesNamesThatXmlWouldTake) {
  const std::string svg =
      training_plot("<a> & \"b\" \x01 \xff", {row(1, {{"eval_<script>&\"", 0.5}}),
                                              row(2, {{"eval_" + std::string(99, 'x'), 0.25}}),
                                              row(3, {{"eval_größe", 0.125}})});
  EXPECT_EQ(fault_of_xml(svg), "");
  EXPECT_NE(svg.find("&lt;a&gt; &amp; &quot;b&quot; ? ?"), std::string::npos);
  EXPECT_NE(svg.find(">eval_&lt;script&gt;&amp;&quot; 0.5</text>"), std::string::npos);
  EXPECT_NE(svg.find(">eval_größe 0.125</text>"), std::string::npos);
  EXPECT_NE(svg.find("x... 0.25</text>"), std::string::npos);
  EXPECT_EQ(xml_text("\xef\xbf\xbf"), "???");
}

TEST(PlotPanels, PutLossesFirstAndLargeMetricsApart) {
  const std::vector<PlotPanel> panels =
      plot_panels({row(1, {{"eval_perplexity", 8.0}, {"eval_accuracy", 0.5}, {"eval_a_loss", 1.0}}),
                   row(1, {{"loss", 2.0}, {"train_loss", 3.0}, {"grad_norm", 1.0}}),
                   row(2, {{"eval_f1", -1.0},
                           {"eval_steps_per_second", 3.0},
                           {"eval_mem_cpu_alloc_delta", 1.0}})});
  std::vector<std::string> names;
  for (const PlotPanel& panel : panels) {
    names.push_back("[" + panel.title + "]");
    for (const PlotSeries& series : panel.series) names.push_back(series.name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"[Loss]", "eval_a_loss", "loss", "[Metrics]", "eval_accuracy",
                                      "eval_f1", "[eval_perplexity]", "eval_perplexity"}));
}

TEST(Decimated, KeepsEndsAndEveryPeak) {
  std::vector<PlotPoint> points;
  for (int i = 0; i < 10'000; ++i) points.push_back({static_cast<double>(i), std::sin(i * 0.01)});
  points[1234].value = 50;
  points[7777].value = -50;
  for (int i = 4000; i < 4500; ++i) points[static_cast<std::size_t>(i)].value = kNaN;
  for (const std::size_t limit : {8u, 9u, 100u, 801u}) {
    const std::vector<PlotPoint> few = decimated(points, limit);
    EXPECT_LE(few.size(), limit);
    EXPECT_GT(few.size(), limit / 2);
    EXPECT_EQ(few.front(), points.front());
    EXPECT_EQ(few.back(), points.back());
    EXPECT_NE(std::find(few.begin(), few.end(), points[1234]), few.end()) << limit;
    EXPECT_NE(std::find(few.begin(), few.end(), points[7777]), few.end()) << limit;
    EXPECT_TRUE(std::is_sorted(few.begin(), few.end(),
                               [](const auto& a, const auto& b) { return a.step < b.step; }));
  }
  const auto few = decimated(points, 100);
  EXPECT_TRUE(
      std::any_of(few.begin(), few.end(), [](const auto& p) { return std::isnan(p.value); }));
  EXPECT_EQ(decimated(few, 100).size(), few.size());
}

TEST(PlotAxis, HasRoundTicksAroundItsValues) {
  const auto texts = [](double low, double high) {
    const PlotAxis axis = value_axis(low, high);
    EXPECT_LE(axis.low, low);
    EXPECT_GE(axis.high, high);
    std::string text;
    for (const double tick : axis.ticks) text += value_tick(tick, axis) + " ";
    return text;
  };
  EXPECT_EQ(texts(0.13, 2.3), "0 1 2 3 ");
  EXPECT_EQ(texts(0.5, 0.9), "0.5 0.6 0.7 0.8 0.9 ");
  EXPECT_EQ(texts(-0.2, 0.2), "-0.2 -0.1 0.0 0.1 0.2 ");
  EXPECT_EQ(texts(7, 7), "6.0 6.5 7.0 7.5 8.0 ");
  EXPECT_EQ(texts(0, 0), "-1.0 -0.5 0.0 0.5 1.0 ");
  EXPECT_EQ(texts(1e-6, 4e-6), "1e-06 2e-06 3e-06 4e-06 ");
  EXPECT_EQ(texts(0, 3.2e9), "0 1e+09 2e+09 3e+09 4e+09 ");
}

TEST(PlotAxis, CountsStepsInWholeNumbers) {
  const auto texts = [](double last) {
    std::string text;
    for (const double tick : step_axis(last).ticks) text += step_tick(tick) + " ";
    return text;
  };
  EXPECT_EQ(texts(0), "0 1 ");
  EXPECT_EQ(texts(3), "0 1 2 3 ");
  EXPECT_EQ(texts(900), "0 200 400 600 800 ");
  EXPECT_EQ(texts(70'000), "0 10k 20k 30k 40k 50k 60k 70k ");
  EXPECT_EQ(texts(2'600'000), "0 500k 1M 1.5M 2M 2.5M ");
}

TEST(TrainingPlotCallback, DrawsTheWholeHistoryAtEachSaveAndAtTheEnd) {
  const TempDir folder;
  TrainingPlotCallback callback;
  TestRun run;
  run.args.output_dir = folder / "my run";
  run.state.log_history = {{{"loss", 2.0}, {"step", std::int64_t{1}}}};
  callback.on_save(run.at(1), folder / "my run/checkpoint-1");
  const std::string first = read_file(folder / "my run/training.svg");
  EXPECT_EQ(first, training_plot("my run", run.state.log_history));
  run.state.log_history.push_back({{"eval_loss", 1.0}, {"step", std::int64_t{2}}});
  callback.on_train_end(run.at(2));
  const std::string second = read_file(folder / "my run/training.svg");
  EXPECT_EQ(second, training_plot("my run", run.state.log_history));
  EXPECT_NE(first, second);
}

TEST(TrainingPlotCallback, DoesNotEndARunWhosePictureCannotBeWritten) {
  const TempDir folder;
  write_file_atomically(folder / "file", "in the way");
  TrainingPlotCallback callback(folder / "file/training.svg", "title");
  TestRun run;
  std::vector<std::string> warnings;
  log::set_sink([&](log::Level, std::string_view line) { warnings.emplace_back(line); });
  callback.on_save(run.at(1), folder / "checkpoint-1");
  log::set_sink({});
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("training_plot_not_written"), std::string::npos) << warnings[0];
}

TEST(TrainingPlotCallback, IsSilentOnProcessesThatAreNotTheFirst) {
  const TempDir folder;
  TrainingPlotCallback callback;
  TestRun run;
  run.args.output_dir = folder.path();
  run.state.is_world_process_zero = false;
  callback.on_save(run.at(1), folder / "checkpoint-1");
  callback.on_train_end(run.at(1));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace torchhub
