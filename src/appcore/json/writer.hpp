// Writes JSON as the old service did: Python's json.dumps(ensure_ascii=False,
// separators=(",", ":")), appended to a string that stays valid UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace appcore::json {

// Appends `value` as a string literal. `value` is UTF-8; a lone surrogate (utf8.hpp) becomes
// U+FFFD. Once `text` is longer than `limit`, what is left may be left out: it is not JSON then.
void append_string(std::string& text, std::string_view value,
                   std::size_t limit = std::string::npos);

}  // namespace appcore::json
