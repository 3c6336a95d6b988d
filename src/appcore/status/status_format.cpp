#include "appcore/status/status_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>

namespace appcore::status {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kUnknown = "–";
constexpr double kPlotWidth = 60;   // points; kHistoryLength in HistorySteps
constexpr double kPlotHeight = 20;  // of which one is left free at either edge for the stroke

// With commas between thousands. Numbers here are below 2^64.
std::string fixed(double value, int decimals) {
    std::array<char, 64> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                            std::chars_format::fixed, decimals);
    if (error != std::errc{}) return std::string(kUnknown);
    std::string text(buffer.data(), end);
    std::size_t at = std::min(text.find('.'), text.size());
    const std::size_t first = text.starts_with('-') ? 1 : 0;
    for (; at > first + 3; at -= 3) text.insert(at - 3, 1, ',');
    return text;
}

std::string rate(double value) {
    if (value == 0) return "0/s";
    return fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0) + "/s";
}

std::string percent(double ratio) {
    const double value = ratio * 100;
    if (value == 0) return "0 %";
    return value < 0.01 ? "< 0.01 %" : fixed(value, value < 10 ? 2 : 1) + " %";
}

std::string milliseconds(double value) {
    constexpr double kSecond = 1000;
    constexpr double kLastBound = 37.3 * kSecond;
    if (value >= kLastBound) return "≥ 37 s";
    if (value >= kSecond) return fixed(value / kSecond, 1) + " s";
    return fixed(value, value < 1 ? 2 : value < 100 ? 1 : 0) + " ms";
}

std::string bytes(double value) {
    constexpr double kMebibyte = 1024 * 1024;
    return fixed(value / kMebibyte, 1) + " MiB";
}

std::string duration(double seconds) {
    constexpr double kMinute = 60;
    constexpr double kHour = 60 * kMinute;
    constexpr double kDay = 24 * kHour;
    const auto whole = [](double value) { return fixed(std::floor(value), 0); };
    if (seconds < 10) return fixed(seconds, 1) + " s";
    if (seconds < 2 * kMinute) return whole(seconds) + " s";
    if (seconds < 2 * kHour) return whole(seconds / kMinute) + " min";
    if (seconds < 2 * kDay) {
        return whole(seconds / kHour) + " h " + whole(std::fmod(seconds, kHour) / kMinute) + " min";
    }
    return whole(seconds / kDay) + " d " + whole(std::fmod(seconds, kDay) / kHour) + " h";
}

std::string clock(std::string_view time) {
    constexpr std::size_t kBegin = std::string_view{"2026-11-23T"}.size();
    constexpr std::size_t kLength = std::string_view{"03:12:07"}.size();
    if (time.size() < kBegin + kLength) return std::string(kUnknown);
    return std::string(time.substr(kBegin, kLength)) + " UTC";
}

std::string number(std::string_view format, double value) {
    if (format == "count") return fixed(value, 0);
    if (format == "rate") return rate(value);
    if (format == "percent") return percent(value);
    if (format == "ms") return milliseconds(value);
    if (format == "bytes") return bytes(value);
    if (format == "duration") return duration(value);
    return std::string(kUnknown);
}

// Nothing where there is none; never negative.
std::optional<double> largest(const Json& values) {
    std::optional<double> result;
    for (const Json& value : values) {
        if (value.is_number()) result = std::max(result.value_or(0), value.get<double>());
    }
    return result;
}

std::string joined(const Json& values) {
    std::string result;
    for (const Json& value : values) {
        if (!value.is_string()) continue;
        if (!result.empty()) result.append(", ");
        result.append(value.get_ref<const std::string&>());
    }
    return result.empty() ? std::string(kUnknown) : result;
}

}  // namespace

std::string format_value(std::string_view format, const Json& value) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (format == "clock") return clock(text);
        return format == "text" ? text : std::string(kUnknown);
    }
    if (value.is_number_integer() && format == "text") return value.dump();
    if (value.is_array()) {
        if (format == "text") return joined(value);
        const std::optional<double> top = largest(value);
        return top ? number(format, *top) : std::string(kUnknown);
    }
    return value.is_number() ? number(format, value.get<double>()) : std::string(kUnknown);
}

std::string plot_path(const Json& values, PlotKind kind) {
    const double top = largest(values).value_or(0);
    const double scale = top > 0 ? (kPlotHeight - 2) / top : 0;
    const bool is_area = kind == PlotKind::area;
    double x = kPlotWidth - static_cast<double>(values.size());
    std::string path;
    bool is_gap = true;
    const auto end_run = [&] {
        if (is_area && !is_gap) path.append("V19Z");
        is_gap = true;
    };
    for (const Json& value : values) {
        if (value.is_number() && x >= 0) {
            const std::string y = fixed(kPlotHeight - 1 - value.get<double>() * scale, 2);
            path.append(is_gap ? "M" : "L").append(fixed(x, 0));
            path.append(is_gap && is_area ? " 19V" : " ").append(y);
            if (is_gap) path.append("h0.5");  // a lonely point is visible, too
            is_gap = false;
        } else {
            end_run();
        }
        ++x;
    }
    end_run();
    return path;
}

}  // namespace appcore::status
