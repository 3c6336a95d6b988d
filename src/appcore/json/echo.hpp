// A parsed value as the old service echoed it in its errors.
#pragma once

#include <cstddef>
#include <string>

#include "appcore/json/document.hpp"

namespace appcore::json {

// Appends what the old service echoed for a parsed value: of duplicate keys the last value at the
// first one's place, floats by their shortest digits, integers digit by digit. Numbers that are not
// finite (NaN, 1e309) become strings of their source text, where the old service failed.
// Once `text` is longer than `limit`, what is left may be left out: it is not JSON then.
void append_value(std::string& text, const Document& document, Document::Index node,
                  std::size_t limit = std::string::npos);

}  // namespace appcore::json
