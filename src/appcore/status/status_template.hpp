// Fills values into markup.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace appcore::status {

// Copies `markup`, which is ours, with values in it. POINTER is a JSON pointer (RFC 6901) into
// `data`; what is not there is null.
//
//   {{POINTER FORMAT}}                    the value as format_value() writes it, escaped for text
//                                         and quoted attributes
//   <!-- each POINTER -->ROW<!-- end -->  ROW for each element of a list or member of an object,
//                                         with the element as data if that is an object itself,
//                                         otherwise with {"key", "value"}
//   <!-- if POINTER -->PART<!-- end -->   PART, unless the value is null, false or empty
//
// Any other comment is left out. A block without an end ends with the markup.
[[nodiscard]] std::string fill_template(std::string_view markup,
                                        const nlohmann::ordered_json& data);

}  // namespace appcore::status
