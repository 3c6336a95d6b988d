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
    constexpr double kMicrosecond = 0.001;
    constexpr double kSecond = 1000;
    constexpr double kFirstBound = 0.001;  // of the buckets, whose percentiles these are
    constexpr double kLastBound = 37.3 * kSecond;
    if (value < kFirstBound) return "< 1 µs";
    if (value >= kLastBound) return "≥ 37 s";
    if (value >= kSecond) return fixed(value / kSecond, 1) + " s";
    if (value < 0.9995) return fixed(value / kMicrosecond, 0) + " µs";
    return fixed(value, value < 100 ? 1 : 0) + " ms";
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

// Of an RFC 3339 time.
constexpr std::size_t kDateLength = std::string_view{"2026-11-23"}.size();
constexpr std::size_t kClockLength = std::string_view{"03:12:07"}.size();

std::string clock(std::string_view time) {
    if (time.size() < kDateLength + 1 + kClockLength) return std::string(kUnknown);
    return std::string(time.substr(kDateLength + 1, kClockLength)) + " UTC";
}

std::string date(std::string_view time) {
    if (time.size() < kDateLength + 1 + kClockLength) return std::string(kUnknown);
    return std::string(time.substr(0, kDateLength)) + " " + clock(time);
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

std::string format_value(std::string_view format, const Json& value) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (format == "clock") return clock(text);
        if (format == "date") return date(text);
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

}  // namespace appcore::status
