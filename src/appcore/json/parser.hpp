// Parses JSON by the rules of Python 3.13's json.loads, as the old service did.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "appcore/json/document.hpp"
#include "appcore/json/syntax_error.hpp"

namespace appcore::json {

// The old service's parser gave up for a reason other than a syntax error: too deep a nesting, or
// an integer of too many digits.
struct Unparsable {};

using ParseResult = std::variant<Document, SyntaxError, Unparsable>;

// `text` is UTF-8 in which surrogates may stand (encoding.hpp); it must outlive the document. The
// first thing that is wrong in the order of the text decides.
[[nodiscard]] ParseResult parse(std::string_view text);

}  // namespace appcore::json
