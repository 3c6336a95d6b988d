// The axes of the /status page's plots.
#pragma once

#include <string>
#include <vector>

namespace appcore::status {

struct Axis {
    // A value with its name, and where it lies: 0 is the lower end of the axis, 1 the upper.
    struct Tick {
        double place = 0;
        std::string name;
    };

    double low = 0;
    double high = 1;
    bool is_logarithmic = false;
    std::vector<Tick> ticks;  // from the lower end to the upper

    // Values beyond the ends lie at the end.
    [[nodiscard]] double place(double value) const;
    void add_tick(double value, std::string name);
};

// From 0 to `largest` or a little more, in at most four steps of 1, 2 or 5 times a power of ten;
// ticks are named "0", "0.5/s", "200/s", "20k/s". Where `largest` is 0, to 1.
[[nodiscard]] Axis rate_axis(double largest);

// Decades that contain both milliseconds, from 1 us (the first bound of the buckets) to 100 s
// (above the last) at most; ticks are named "20 µs", "5 ms", "1 s".
[[nodiscard]] Axis time_axis(double smallest, double largest);

}  // namespace appcore::status
