#include "appcore/system/clock.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace appcore::system {
namespace {

constexpr std::size_t kSecondsLength = 19;  // "2026-11-23T08:06:48"
constexpr std::size_t kMicrosLength = 26;   // the same with ".675307"
using Buffer = std::array<char, kMicrosLength>;

void put(char* to, unsigned value, std::size_t digits) {
    for (std::size_t i = digits; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

Buffer format(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    Buffer text = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0',
                   ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', '0', '0', '0'};
    put(&text[0], static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put(&text[5], static_cast<unsigned>(date.month()), 2);
    put(&text[8], static_cast<unsigned>(date.day()), 2);
    put(&text[11], static_cast<unsigned>(clock.hours().count()), 2);
    put(&text[14], static_cast<unsigned>(clock.minutes().count()), 2);
    put(&text[17], static_cast<unsigned>(clock.seconds().count()), 2);
    put(&text[20], static_cast<unsigned>(clock.subseconds().count()), 6);
    return text;
}

}  // namespace

void append_date_time(std::string& out, WallTime time) {
    const Buffer text = format(time);
    out.append(text.data(), text.size());
}

void append_python_isoformat(std::string& out, WallTime time) {
    const Buffer text = format(time);
    const bool whole = time == std::chrono::floor<std::chrono::seconds>(time);
    out.append(text.data(), whole ? kSecondsLength : kMicrosLength).append("+00:00");
}

}  // namespace appcore::system
