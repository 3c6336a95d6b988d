// Time: the one seam between the program and the machine's clocks.
#pragma once

#include <chrono>
#include <string>

namespace appcore::system {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;  // for people and logs
using SteadyTime = std::chrono::steady_clock::time_point;           // for durations

class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime wall() const = 0;
    [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] WallTime wall() const override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
    [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

// Appends "2026-11-23T08:06:48.675307" in UTC. No locale, no time zone database, no allocation
// beyond `out`. Years 0 to 9999.
void append_date_time(std::string& out, WallTime time);

// Appends the time as Python's datetime.now(timezone.utc).isoformat() prints it: with "+00:00" at
// its end, and without the fraction where that is zero.
void append_python_isoformat(std::string& out, WallTime time);

}  // namespace appcore::system
