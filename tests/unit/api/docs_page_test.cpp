#include "appcore/api/docs_page.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using appcore::api::docs_page;
using appcore::api::DocsPage;

namespace {

bool has(const std::string& page, std::string_view text) {
    return page.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("each page asks for files of this service and this version only") {
    for (const DocsPage page : {DocsPage::swagger_ui, DocsPage::oauth2_redirect, DocsPage::redoc}) {
        const std::string text = docs_page(page);
        CHECK(has(text, "<script src=\"/-/docs/"));
        CHECK(has(text, ".js?v=" APPCORE_VERSION "\"></script>"));
        CHECK_FALSE(has(text, "src=\"http"));
        CHECK_FALSE(has(text, "href=\"http"));
        CHECK_FALSE(has(text, "=\"//"));
    }
}

TEST_CASE("what is seen without the files links the description and says how to get them") {
    for (const DocsPage page : {DocsPage::swagger_ui, DocsPage::redoc}) {
        const std::string text = docs_page(page);
        CHECK(has(text, "<a href=\"/openapi.json\">"));
        CHECK(has(text, "<p class=\"not-installed\">The interactive page is not installed here."));
        CHECK(has(text, "<code>make docs-ui</code>"));
    }
}

TEST_CASE("each page has its styles, then its content, then its scripts") {
    const std::string swagger = docs_page(DocsPage::swagger_ui);
    const std::string redoc = docs_page(DocsPage::redoc);
    const auto in_order = [](const std::string& page, const std::vector<std::string>& texts) {
        std::size_t at = 0;
        for (const std::string& text : texts) {
            CAPTURE(text);
            at = page.find(text, at);
            REQUIRE(at != std::string::npos);
        }
    };
    const auto style = [](const std::string& name) {
        return R"(<link rel="stylesheet" href="/-/docs/)" + name + "?v=" APPCORE_VERSION "\">\n";
    };
    in_order(swagger, {"<head>", style("installed.css"), style("swagger-ui.css"), "</head>\n<body>",
                       R"(<div id="swagger-ui">)", "</div>", "swagger-ui-bundle.js?v=",
                       "<script>\nconst ui = SwaggerUIBundle({", "</script>\n</body>\n</html>\n"});
    in_order(redoc, {"<head>", style("installed.css"), "<style>body { margin: 0 }</style>",
                     "</head>\n<body>", R"(<redoc spec-url="/openapi.json">)", "</redoc>",
                     "redoc.standalone.js?v=", "</body>\n</html>\n"});
    in_order(docs_page(DocsPage::oauth2_redirect),
             {"<head>", "</head>\n<body>", "oauth2-redirect.js?v=", "</body>\n</html>\n"});
}

TEST_CASE("a browser is told what the pages may load, and not to guess") {
    appcore::http::Response response;
    appcore::api::Outcome outcome;
    appcore::api::docs_page_action(DocsPage::redoc)({}, response, outcome);
    CHECK(has(response.headers(), "Content-Security-Policy: default-src 'none'; "));
    CHECK(has(response.headers(), "; frame-ancestors 'none'"));
    CHECK(has(response.headers(), "X-Content-Type-Options: nosniff\r\n"));
}
