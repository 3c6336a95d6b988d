// Style and script of the /status page.
#pragma once

#include <string_view>

namespace appcore::status {

struct Asset {
    std::string_view text;    // all between the element's tags
    std::string_view sha256;  // of the text, in base64, as a Content-Security-Policy wants it
};

[[nodiscard]] Asset status_style();
[[nodiscard]] Asset status_script();

}  // namespace appcore::status
