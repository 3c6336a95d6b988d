// Text from elsewhere in messages for people.
#pragma once

#include <string>
#include <string_view>

namespace appcore::json {

// `text` as a terminal may show it, on one line: in UTF-8, without control characters.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace appcore::json
