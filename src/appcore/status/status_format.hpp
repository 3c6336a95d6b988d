// How the /status page writes values.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace appcore::status {

// Plain text, not escaped. `format` is one of
//   text      as it is; the elements of a list with commas
//   count     12,345
//   rate      per second: 0/s, 0.42/s, 12.3/s, 1,234/s
//   percent   of a ratio: 0 %, 0.12 %, 12.5 %
//   ms        milliseconds: < 1 µs (the first bucket's bound), 42 µs, 4.2 ms, 420 ms, 4.2 s,
//             ≥ 37 s (the last bucket's bound)
//   bytes     4.2 MiB
//   duration  of seconds: 0.4 s, 45 s, 12 min, 3 h 20 min, 4 d 2 h
//   clock     of an RFC 3339 time: 03:12:07 UTC
//   date      of an RFC 3339 time: 2026-11-23 03:12:07 UTC
// Of a list, which is a plot's series, it is the largest number. What is null, not there, of
// another kind or a list without a number is a dash.
[[nodiscard]] std::string format_value(std::string_view format,
                                       const nlohmann::ordered_json& value);

// With that many decimals, and commas between thousands. For numbers below 2^64.
[[nodiscard]] std::string fixed(double value, int decimals);

}  // namespace appcore::status
