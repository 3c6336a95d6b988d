// Writes JSON as the old service did: Python's json.dumps(ensure_ascii=False,
// separators=(",", ":")), appended to a string that stays valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace appcore::json {

// Appends `value` as a string literal. `value` is UTF-8; a lone surrogate (utf8.hpp) becomes
// U+FFFD.
void append_string(std::string& text, std::string_view value);

}  // namespace appcore::json
