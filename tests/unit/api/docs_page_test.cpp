#include "appcore/api/docs_page.hpp"

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
