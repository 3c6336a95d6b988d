// How the /status page writes values. The page's script (status_script.cpp) does the same for the
// values that it fetches; tests/e2e/test_status.py holds them together.
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
//   ms        milliseconds: 0.42 ms, 4.2 ms, 420 ms, 4.2 s, ≥ 37 s (the last bucket's bound)
//   bytes     4.2 MiB
//   duration  of seconds: 0.4 s, 45 s, 12 min, 3 h 20 min, 4 d 2 h
//   clock     of an RFC 3339 time: 03:12:07 UTC
// Of a list, which is a plot's series, it is the largest number. What is null, not there, of
// another kind or a list without a number is a dash.
[[nodiscard]] std::string format_value(std::string_view format,
                                       const nlohmann::ordered_json& value);

// The `d` of an SVG path, 60 wide and 20 high: the last 60 numbers of a list, the newest at the
// right edge, the largest at the top, a gap for each null. As a line, or as the area below it.
enum class PlotKind : unsigned char { line, area };
[[nodiscard]] std::string plot_path(const nlohmann::ordered_json& values, PlotKind kind);

}  // namespace appcore::status
