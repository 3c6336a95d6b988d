// Media types in Content-Type headers.
#pragma once

#include <string_view>

namespace appcore::http {

// Whether a Content-Type declares JSON, as the old service decided it: application/json or
// application/<anything>+json in any case, whatever the parameters. The type has exactly one slash
// and no space beside it.
[[nodiscard]] bool is_json(std::string_view content_type);

}  // namespace appcore::http
