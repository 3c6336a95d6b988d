// Fills values into markup, as the /status page's script does again with newer ones.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace appcore::status {

// Copies `markup`, which is ours, and completes two kinds of elements. POINTER is a JSON pointer
// (RFC 6901) into `data`.
//
//   <p data-value="POINTER" data-as="FORMAT"></p>, these attributes last, in this order:
//       gets the value as text, as format_value() writes it, escaped. Four formats are special:
//       "state" sets the attribute data-state to the value as well, "mark" does only that, "line"
//       and "area" set the attribute d of an SVG path.
//   <ul data-each="POINTER"><template>ROW</template></ul>, the template first:
//       gets ROW behind the template for each element of a list or member of an object, filled
//       with the element if that is an object itself, otherwise with {"key", "value"}.
[[nodiscard]] std::string fill_template(std::string_view markup,
                                        const nlohmann::ordered_json& data);

// Appends `text` for use between tags and in quoted attributes.
void append_html(std::string& out, std::string_view text);

}  // namespace appcore::status
