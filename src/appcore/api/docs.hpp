// The API's description: the OpenAPI document and the pages that show it.
#pragma once

#include <string_view>

#include "appcore/api/route.hpp"

namespace appcore::api {

// The document of the old service, to the letter.
[[nodiscard]] std::string_view openapi_document();

[[nodiscard]] Action openapi_action();

enum class DocsPage : unsigned char { swagger_ui, oauth2_redirect, redoc };

[[nodiscard]] Action docs_page_action(DocsPage page);

}  // namespace appcore::api
