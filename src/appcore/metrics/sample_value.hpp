// How numbers stand in an exposition.
#pragma once

#include <cstdint>
#include <string>

namespace appcore::metrics {

// Appends a sample's value: as Python prints a float, but with Go's exponent from a million on
// ("1.0", "0.005", "1e+06", "+Inf", "NaN").
void append_sample_value(std::string& out, double value);

// What is counted in nanoseconds is shown in seconds.
[[nodiscard]] constexpr double to_seconds(std::uint64_t nanoseconds) {
    constexpr double kNanosecondsPerSecond = 1e9;
    return static_cast<double>(nanoseconds) / kNanosecondsPerSecond;
}

}  // namespace appcore::metrics
