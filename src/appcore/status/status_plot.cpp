#include "appcore/status/status_plot.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcore/metrics/history.hpp"
#include "appcore/status/status_axis.hpp"
#include "appcore/status/status_format.hpp"

namespace appcore::status {
namespace {

using Json = nlohmann::ordered_json;

// Where the lines are drawn; what is left of it and below is for the names of the ticks.
constexpr double kLeft = 46;
constexpr double kRight = 312;
constexpr double kTop = 8;
constexpr double kBottom = 112;
constexpr double kHalfOfALetter = 4;  // a text's y is its baseline

constexpr int kMinutes =
    std::chrono::duration_cast<std::chrono::minutes>(metrics::kHistoryLength).count();
constexpr int kSteps = metrics::kHistoryLength / metrics::HistoryStep{1};

std::string coordinate(double value) {
    return fixed(value, 1);
}

double y_of(double place) {
    return kBottom - place * (kBottom - kTop);
}

std::string path_of(const Json& values, const Axis& axis) {
    std::string path;
    bool is_gap = true;
    auto step = kSteps - static_cast<std::ptrdiff_t>(values.size());
    for (const Json& value : values) {
        ++step;
        if (!value.is_number() || step < 1) {
            is_gap = true;
            continue;
        }
        const double x = kLeft + (kRight - kLeft) * static_cast<double>(step) / kSteps;
        path.append(is_gap ? "M" : "L").append(coordinate(x)).append(" ");
        path.append(coordinate(y_of(axis.place(value.get<double>()))));
        if (is_gap) path.append("h0.5");  // a lonely point is visible, too
        is_gap = false;
    }
    return path;
}

Json ticks_of(const Axis& axis) {
    Json ticks = Json::array();
    for (const auto& [place, name] : axis.ticks) {
        const double y = y_of(place);
        ticks.push_back(
            {{"name", name},
             {"line", "M" + coordinate(kLeft) + " " + coordinate(y) + "H" + coordinate(kRight)},
             {"text_y", coordinate(y + kHalfOfALetter)}});
    }
    return ticks;
}

Json times() {
    Json times = Json::array();
    for (int minute = 0; minute <= kMinutes; ++minute) {
        const std::string x = coordinate(kLeft + (kRight - kLeft) * minute / kMinutes);
        std::string name = "−" + std::to_string(kMinutes - minute);
        if (minute == 0) name += " min";
        const bool is_now = minute == kMinutes;
        times.push_back({{"name", is_now ? "now" : name},
                         {"line", "M" + x + " " + coordinate(kTop) + "V" + coordinate(kBottom)},
                         {"x", x},
                         {"anchor", is_now        ? "end"
                                    : minute == 0 ? "start"
                                                  : "middle"}});
    }
    return times;
}

struct Line {
    std::string_view name;  // its class, too
    const Json& values;
};

// Its newest and its largest value, in words.
std::string words_of(const Line& line, std::string_view format) {
    const auto last = std::find_if(line.values.rbegin(), line.values.rend(),
                                   [](const Json& value) { return value.is_number(); });
    if (last == line.values.rend()) return {};
    return std::string(line.name) + " " + format_value(format, *last) + ", at most " +
           format_value(format, line.values);
}

struct Kind {
    std::string_view format;   // of its values
    std::string_view nothing;  // what there is where no value is known
};

Json plot(std::string_view title, const Kind& kind, const Axis& axis,
          const std::vector<Line>& lines) {
    std::string label =
        std::string(title) + " in the last " + std::to_string(kMinutes) + " minutes";
    bool is_empty = true;
    Json drawn = Json::array();
    for (const Line& line : lines) {
        drawn.push_back(
            {{"name", line.name}, {"class", line.name}, {"path", path_of(line.values, axis)}});
        const std::string words = words_of(line, kind.format);
        if (!words.empty()) label.append(is_empty ? ": " : "; ").append(words);
        is_empty = is_empty && words.empty();
    }
    if (is_empty) label.append(": ").append(kind.nothing);
    return {{"title", title},
            {"label", std::move(label)},
            {"empty", is_empty ? kind.nothing : ""},
            {"ticks", ticks_of(axis)},
            {"times", times()},
            {"lines", std::move(drawn)}};
}

}  // namespace

Json status_plots(const Json& history) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kTimes = {
        {{"latency_ms", "Latency"}, {"wait_ms", "Waiting"}, {"duration_ms", "Duration"}}};
    constexpr std::array<std::string_view, 3> kPercentiles = {"p50", "p90", "p99"};

    double largest_rate = 0;
    for (const Json& rate : history.at("requests_per_second")) {
        if (rate.is_number()) largest_rate = std::max(largest_rate, rate.get<double>());
    }
    Json plots = Json::array();
    plots.push_back(plot("Requests", {"rate", "nothing known yet"}, rate_axis(largest_rate),
                         {{"requests", history.at("requests_per_second")},
                          {"errors", history.at("errors_per_second")}}));

    double smallest = std::numeric_limits<double>::infinity();
    double largest = 0;
    for (const auto& [key, title] : kTimes) {
        for (const std::string_view percentile : kPercentiles) {
            for (const Json& value : history.at(key).at(percentile)) {
                if (!value.is_number()) continue;
                smallest = std::min(smallest, value.get<double>());
                largest = std::max(largest, value.get<double>());
            }
        }
    }
    if (largest == 0) smallest = largest = 1;
    const Axis axis = time_axis(smallest, largest);
    for (const auto& [key, title] : kTimes) {
        std::vector<Line> lines;
        lines.reserve(kPercentiles.size());
        for (const std::string_view percentile : kPercentiles) {
            lines.push_back({percentile, history.at(key).at(percentile)});
        }
        plots.push_back(plot(title, {"ms", "no requests"}, axis, lines));
    }
    return plots;
}

}  // namespace appcore::status
