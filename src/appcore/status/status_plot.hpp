// The plots of the /status page: the last minutes as paths of SVG, with axes that have a scale.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace appcore::status {

// Four plots, in the order of the page: requests and errors a second, and the percentiles of
// latency, waiting and duration, whose axes are logarithmic and the same, so that they can be
// compared. `history` is what history_json() makes; page.html draws, in a viewBox of 320 by 132:
//
//   {"title", "label": all of it in words, "empty": what to say where there is
//    nothing to draw, otherwise "",
//    "ticks": [{"name", "line": `d` of a path, "text_y"}], from the lowest value to the highest,
//    "times": [{"name", "line", "x", "anchor"}], from the oldest to now,
//    "lines": [{"name", "class", "path"}]}
//
// A path has a gap for each null. A value beyond the ends of the axis is drawn at its end.
[[nodiscard]] nlohmann::ordered_json status_plots(const nlohmann::ordered_json& history);

}  // namespace appcore::status
