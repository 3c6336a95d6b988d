// Which encoding a JSON body has, and its text as UTF-8: the rules of Python's json.loads(bytes).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace appcore::json {

// The text of `body` as UTF-8, without its byte order mark. UTF-16 and UTF-32 are known by their
// mark or by where the first four bytes are NUL. Lone surrogates are kept (utf8.hpp). The result
// points into `body`, or into `storage`, which is replaced. Nothing if `body` cannot be decoded.
[[nodiscard]] std::optional<std::string_view> decode_body(std::string_view body,
                                                          std::string& storage);

}  // namespace appcore::json
