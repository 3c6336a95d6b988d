// The API's description, an OpenAPI document. docs_page.hpp has the pages that show it.
#pragma once

#include <string_view>

#include "appcore/api/route.hpp"

namespace appcore::api {

// The document of the old service, to the letter.
[[nodiscard]] std::string_view openapi_document();

[[nodiscard]] Action openapi_action();

}  // namespace appcore::api
