#include "appcore/status/status_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

#include "appcore/status/status_format.hpp"

namespace appcore::status {
namespace {

// "20 ms" for 2 and the second power of ten of milliseconds.
std::string time_name(int factor, int power) {
    constexpr std::array<std::string_view, 3> kUnits = {"µs", "ms",
                                                        "s"};  // powers from -3, 0 and 3 on
    const int above = power + 3;
    const auto unit = static_cast<std::size_t>(std::min(above / 3, 2));
    std::string name = std::to_string(factor);
    name.append(static_cast<std::size_t>(above) - 3 * unit, '0');
    return name.append(" ").append(kUnits.at(unit));
}

}  // namespace

double Axis::place(double value) const {
    if (is_logarithmic) {
        return value <= low ? 0 : std::min(std::log(value / low) / std::log(high / low), 1.0);
    }
    return std::clamp((value - low) / (high - low), 0.0, 1.0);
}

void Axis::add_tick(double value, std::string name) {
    ticks.push_back({place(value), std::move(name)});
}

Axis rate_axis(double largest) {
    constexpr double kMostTicks = 4;
    constexpr double kTolerance = 1e-9;  // of the division, not of the drawing
    if (!(largest > 0)) largest = 1;
    const double power = std::pow(10, std::floor(std::log10(largest / kMostTicks)));
    double step = 10 * power;
    for (const double factor : {5.0, 2.0, 1.0}) {
        if (largest / (factor * power) <= kMostTicks + kTolerance) step = factor * power;
    }
    const int count = static_cast<int>(std::ceil(largest / step - kTolerance));
    const bool is_thousands = step >= 1000;
    const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + kTolerance)));
    Axis axis{0, step * count, false, {}};
    axis.add_tick(0, "0");
    for (int i = 1; i <= count; ++i) {
        const double value = step * i;
        axis.add_tick(
            value, is_thousands ? fixed(value / 1000, 0) + "k/s" : fixed(value, decimals) + "/s");
    }
    return axis;
}

// 2 and 5 between whole decades where there is room.
Axis time_axis(double smallest, double largest) {
    constexpr int kFirstPower = -3;  // 1 us, the first bound of the buckets
    constexpr int kLastPower = 5;    // 100 s, above the last one
    const auto power_of = [](double value) { return std::log10(std::max(value, 1e-9)); };
    const int low =
        std::clamp(static_cast<int>(std::floor(power_of(smallest))), kFirstPower, kLastPower - 1);
    const int high =
        std::clamp(static_cast<int>(std::ceil(power_of(largest))), low + 1, kLastPower);
    Axis axis{std::pow(10, low), std::pow(10, high), true, {}};
    for (int power = low; power <= high; ++power) {
        axis.add_tick(std::pow(10, power), time_name(1, power));
        if (high - low > 2 || power == high) continue;
        for (const int factor : {2, 5})
            axis.add_tick(factor * std::pow(10, power), time_name(factor, power));
    }
    return axis;
}

}  // namespace appcore::status
