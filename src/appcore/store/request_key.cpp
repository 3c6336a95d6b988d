#include "appcore/store/request_key.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <system_error>

namespace appcore::store {

std::optional<system::WallTime> time_of_request(std::string_view name) {
    constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999
    const char* const end = name.data() + name.size();
    std::int64_t seconds = 0;
    const auto whole = std::from_chars(name.data(), end, seconds);
    if (whole.ec != std::errc{} || seconds < 0 || seconds > kLastSecond) return std::nullopt;
    const std::string_view rest(whole.ptr, static_cast<std::size_t>(end - whole.ptr));
    constexpr std::string_view kPattern = ".000-";
    if (rest.size() < kPattern.size() || rest.front() != '.') return std::nullopt;
    unsigned milliseconds = 0;
    const auto fraction = std::from_chars(whole.ptr + 1, whole.ptr + 4, milliseconds);
    if (fraction.ec != std::errc{} || fraction.ptr != whole.ptr + 4 || *fraction.ptr != '-') {
        return std::nullopt;
    }
    return system::WallTime{std::chrono::seconds{seconds}} +
           std::chrono::milliseconds{milliseconds};
}

}  // namespace appcore::store
