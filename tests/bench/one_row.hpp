#pragma once
// What the programs that time another library share: rows from a file, one row at a time in one
// thread, a line of JSON.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace one_row {

constexpr int kRounds = 7;

// float32 values, row after row, as numpy's tofile() writes them.
inline std::vector<float> read(const char* path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path);
        std::exit(1);
    }
    std::vector<float> values(static_cast<std::size_t>(file.tellg()) / sizeof(float));
    file.seekg(0);
    file.read(static_cast<char*>(static_cast<void*>(values.data())),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
    return values;
}

inline long resident_kib(const char* field) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(field)) {
            return std::atol(line.c_str() + std::string(field).size());
        }
    }
    return 0;
}

// Calls predict(row) for all rows, again and again: {"ns": best of some rounds' medians,
// "resident_mib", "first": its answers}.
template <class Predict>
int run(std::span<const float> values, std::size_t features, double seconds, Predict&& predict) {
    using Clock = std::chrono::steady_clock;
    const std::size_t rows = values.size() / features;
    if (rows == 0) {
        return 1;
    }
    const auto row = [&](std::size_t i) { return values.subspan(i * features, features); };
    std::string first;
    for (std::size_t i = 0; i < std::min<std::size_t>(rows, 20); ++i) {
        char text[64];
        std::snprintf(text, sizeof text, "%s%.9g", i == 0 ? "" : ",",
                      static_cast<double>(predict(row(i))));
        first += text;
    }
    double best = 1e300;
    for (int round = 0; round < kRounds; ++round) {
        std::vector<double> each;
        const auto end = Clock::now() + std::chrono::duration<double>(seconds / kRounds);
        for (std::size_t i = 0; each.empty() || Clock::now() < end; i = (i + 1) % rows) {
            const auto begin = Clock::now();
            volatile float answer = predict(row(i));
            static_cast<void>(answer);
            each.push_back(std::chrono::duration<double, std::nano>(Clock::now() - begin).count());
        }
        std::nth_element(each.begin(), each.begin() + static_cast<std::ptrdiff_t>(each.size() / 2),
                         each.end());
        best = std::min(best, each[each.size() / 2]);
    }
    std::printf("{\"ns\":%.1f,\"resident_mib\":%.1f,\"first\":[%s]}\n", best,
                static_cast<double>(resident_kib("VmRSS:")) / 1024, first.c_str());
    return 0;
}

}  // namespace one_row
