// The pages that show the API's description in a browser: Swagger UI, and ReDoc.
#pragma once

#include <string>
#include <string_view>

#include "appcore/api/route.hpp"

namespace appcore::api {

enum class DocsPage : unsigned char { swagger_ui, oauth2_redirect, redoc };

// The page. Its scripts and styles are files that nginx serves below kDocsFiles if they are
// installed (deploy/fetch-docs-ui); where they are not, what is seen is a plain page that says so.
[[nodiscard]] std::string docs_page(DocsPage page);

[[nodiscard]] Action docs_page_action(DocsPage page);

inline constexpr std::string_view kDocsFiles = "/-/docs/";  // as in deploy/nginx.conf

}  // namespace appcore::api
