#include "callbacks/plot_panel.h"

#include "callbacks/plot_axis.h"
#include "torchhub/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace torchhub {
namespace {

constexpr double kLeft = 64;
constexpr double kRight = 24;
constexpr double kPlotHeight = 190;
constexpr double kRowHeight = 20;
constexpr double kCharacter = 6.6;  // about the mean width in a font of 12 pixels
constexpr std::size_t kMostSeries = 12;
constexpr std::size_t kColours = 6;
constexpr std::size_t kLongestName = 48;
constexpr std::size_t kMostMarkers = 40;

/// Where numbers lie on the canvas.
struct Frame {
  PlotAxis steps;
  PlotAxis values;
  double top = 0;

  double x(double step) const { return kLeft + steps.share(step) * (kPlotWidth - kLeft - kRight); }
  double y(double value) const { return top + (1 - values.share(value)) * kPlotHeight; }
};

/// "c2 dash": colours come round once, then dashed.
std::string style_of(std::size_t index) {
  return fmt::format("c{}{}", index % kColours, index < kColours ? "" : " dash");
}

std::string shortened(const std::string& name) {
  if (name.size() <= kLongestName) return name;
  std::size_t end = kLongestName;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0u) == 0x80u) --end;
  return name.substr(0, end) + "...";
}

std::string legend_text(const PlotSeries& series) {
  const auto last = std::find_if(series.points.rbegin(), series.points.rend(),
                                 [](const PlotPoint& p) { return !std::isnan(p.value); });
  std::string text = shortened(series.name);
  if (last != series.points.rend()) text += fmt::format(" {:.4g}", last->value);
  const auto gaps = std::count_if(series.points.begin(), series.points.end(),
                                  [](const PlotPoint& p) { return std::isnan(p.value); });
  if (gaps > 0) text += fmt::format(" ({} not finite)", gaps);
  return text;
}

/// Entries side by side, in as many rows as they need. @return their height
double draw_legend(const std::vector<PlotSeries>& series, double top, std::string& svg) {
  double x = kLeft;
  double y = top;
  const auto place = [&](double width) {
    if (x > kLeft && x + width > kPlotWidth - kRight) {
      x = kLeft;
      y += kRowHeight;
    }
    x += width;
    return x - width;
  };
  const std::size_t shown = std::min(series.size(), kMostSeries);
  for (std::size_t i = 0; i < shown; ++i) {
    const std::string text = legend_text(series[i]);
    const double left = place(44 + kCharacter * static_cast<double>(text.size()));
    svg +=
        fmt::format("<path class=\"line {}\" d=\"M{:.1f} {:.1f}h20\"/>", style_of(i), left, y - 4);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", left + 26, y, xml_text(text));
  }
  if (shown < series.size()) {
    const std::string text = fmt::format("and {} more", series.size() - shown);
    const double left = place(kCharacter * static_cast<double>(text.size()));
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", left, y, text);
  }
  return y - top + kRowHeight;
}

void draw_axes(const Frame& frame, std::string& svg) {
  const double right = kPlotWidth - kRight;
  const double bottom = frame.top + kPlotHeight;
  for (const double tick : frame.values.ticks) {
    const double y = frame.y(tick);
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", kLeft, y, right);
    svg += fmt::format(
        "<text class=\"tick\" text-anchor=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", kLeft - 8,
        y + 4, value_tick(tick, frame.values));
  }
  for (const double tick : frame.steps.ticks) {
    const double x = frame.x(tick);
    svg += fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}v5\"/>", x, bottom);
    svg += fmt::format(
        "<text class=\"tick\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x,
        bottom + 19, step_tick(tick));
  }
  svg += fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}V{:.1f}H{:.1f}\"/>\n", kLeft,
                     frame.top, bottom, right);
  svg += fmt::format(
      "<text class=\"tick\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">step</text>\n",
      (kLeft + right) / 2, bottom + 35);
}

/// A line that has a gap where numbers are not finite; a point between two gaps is a dot.
void draw_line(const Frame& frame, const std::vector<PlotPoint>& points, const std::string& style,
               std::string& svg) {
  std::string path;
  std::string markers;
  bool pen_down = false;
  for (const PlotPoint& point : points) {
    if (std::isnan(point.value)) {
      pen_down = false;
      continue;
    }
    const double x = frame.x(point.step);
    const double y = frame.y(point.value);
    path += pen_down ? fmt::format("L{:.1f} {:.1f}", x, y) : fmt::format("M{:.1f} {:.1f}h0", x, y);
    pen_down = true;
    if (points.size() <= kMostMarkers) {
      markers +=
          fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"/>", style, x, y);
    }
  }
  if (path.empty()) return;
  svg += fmt::format("<path class=\"line {}\" d=\"{}\"/>{}\n", style, path, markers);
}

PlotAxis values_of(const PlotPanel& panel) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const PlotSeries& series : panel.series) {
    for (const PlotPoint& point : series.points) {
      if (std::isnan(point.value)) continue;
      low = std::min(low, point.value);
      high = std::max(high, point.value);
    }
  }
  return low <= high ? value_axis(low, high) : value_axis(0, 1);
}

}  // namespace

std::string xml_text(const std::string& text) {
  // U+FFFE and U+FFFF are no characters of XML.
  const bool sound = is_utf8(text) && text.find("\xef\xbf\xbe") == std::string::npos &&
                     text.find("\xef\xbf\xbf") == std::string::npos;
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (byte < 0x20 || (byte >= 0x80 && !sound)) {
      out += '?';
    } else {
      out += c;
    }
  }
  return out;
}

DrawnPanel draw_panel(const PlotPanel& panel, double last_step, std::size_t points_each) {
  std::string svg = fmt::format("<text class=\"title\" x=\"{:.1f}\" y=\"16\">{}</text>\n", kLeft,
                                xml_text(shortened(panel.title)));
  const double legend = draw_legend(panel.series, 40, svg);
  const Frame frame{.steps = step_axis(last_step), .values = values_of(panel), .top = 36 + legend};
  draw_axes(frame, svg);
  for (std::size_t i = 0; i < std::min(panel.series.size(), kMostSeries); ++i) {
    draw_line(frame, decimated(panel.series[i].points, points_each), style_of(i), svg);
  }
  return {.svg = std::move(svg), .height = static_cast<int>(frame.top + kPlotHeight + 60)};
}

std::string plot_style() {
  static constexpr std::array<std::array<const char*, 2>, kColours> kPalette = {
      {{"#2563eb", "#6ea8fe"},
       {"#d9480f", "#ff922b"},
       {"#2b8a3e", "#69db7c"},
       {"#9c36b5", "#da77f2"},
       {"#0b7285", "#3bc9db"},
       {"#a61e4d", "#f783ac"}}};
  std::string light =
      "text{font:12px system-ui,sans-serif;fill:#343a40}.head{font-size:18px;font-weight:600}"
      ".title{font-size:14px;font-weight:600}.tick{font-size:11px;fill:#6c757d}"
      ".back{fill:#fff}.grid{stroke:#e9ecef}.axis{stroke:#adb5bd;fill:none}"
      ".line{fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}"
      "circle{stroke-width:0}.dash{stroke-dasharray:5 4}\n";
  std::string dark =
      "text{fill:#dee2e6}.tick{fill:#adb5bd}.back{fill:#16181d}.grid{stroke:#2b3035}"
      ".axis{stroke:#6c757d}";
  for (std::size_t i = 0; i < kColours; ++i) {
    const auto rule = [&](std::size_t shade) {
      return fmt::format(".line.c{0}{{stroke:{1}}}circle.c{0}{{fill:{1}}}", i,
                         kPalette.at(i).at(shade));
    };
    light += rule(0);
    dark += rule(1);
  }
  return fmt::format("<style>\n{}\n@media (prefers-color-scheme:dark){{\n{}\n}}\n</style>\n", light,
                     dark);
}

}  // namespace torchhub
