// What a client prefers, by its Accept headers (RFC 9110, sections 12.4.2 and 12.5.1).
#pragma once

#include <string_view>

namespace appcore::http {

// The weight, 0 to 1, of a media type such as "text/html": that of the most specific range which
// covers it, whatever the range's other parameters. An empty header accepts everything. A weight
// that is not a number is 1.
[[nodiscard]] double accept_weight(std::string_view accept, std::string_view type);

// The weight among an item's parameters, "charset=utf-8;q=0.5": 1 where there is none, or no
// number.
[[nodiscard]] double weight_of(std::string_view parameters);

// Whether the client prefers HTML to JSON. A browser does; curl, which accepts both alike, does
// not.
[[nodiscard]] bool prefers_html(std::string_view accept);

}  // namespace appcore::http
