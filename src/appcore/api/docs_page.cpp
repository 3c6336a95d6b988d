#include "appcore/api/docs_page.hpp"

namespace appcore::api {
namespace {

// The settings are those of the old service's page, but that no validator elsewhere is asked.
constexpr std::string_view kSwaggerUiStart = R"js(
const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  oauth2RedirectUrl: window.location.origin + "/docs/oauth2-redirect",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  validatorUrl: null
});
)js";

// No script but ours and the one above; both pages style elements by themselves, and ReDoc searches
// in a worker that it makes. Nobody else is asked for anything.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self' 'sha256-dIQsJIaC1wusFdblq0pV2oYsuZce1pGj1FkZ31rfH/U='; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

// What stands where the scripts will put their page, so that it is seen without them. Where they
// are installed, installed.css is too and hides the second sentence.
constexpr std::string_view kPlain =
    "<h1>Practical Production Service</h1>\n"
    "<p>The API is described by <a href=\"/openapi.json\">/openapi.json</a>.</p>\n"
    "<p class=\"not-installed\">The interactive page is not installed here. "
    "<code>make docs-ui</code> in the service's sources fetches it.</p>\n"
    "<noscript><p>The interactive page needs JavaScript.</p></noscript>\n";

// The version makes a browser ask again after an upgrade.
void append_file(std::string& out, std::string_view name) {
    out.append(kDocsFiles).append(name).append("?v=" APPCORE_VERSION);
}

void append_style(std::string& out, std::string_view name) {
    append_file(out.append(R"(<link rel="stylesheet" href=")"), name);
    out.append("\">\n");
}

void append_script(std::string& out, std::string_view name) {
    append_file(out.append(R"(<script src=")"), name);
    out.append("\"></script>\n");
}

// An icon of its own, so that no browser asks for /favicon.ico.
std::string head(std::string_view title) {
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>";
    return out.append(title).append("</title>\n");
}

std::string swagger_ui_page() {
    std::string out = head("Practical Production Service - Swagger UI");
    append_style(out, "installed.css");
    append_style(out, "swagger-ui.css");
    out.append("</head>\n<body>\n<div id=\"swagger-ui\">\n").append(kPlain).append("</div>\n");
    append_script(out, "swagger-ui-bundle.js");
    out.append("<script>").append(kSwaggerUiStart).append("</script>\n");
    return out.append("</body>\n</html>\n");
}

std::string redoc_page() {
    std::string out = head("Practical Production Service - ReDoc");
    append_style(out, "installed.css");
    out.append("<style>body { margin: 0 }</style>\n</head>\n<body>\n");
    out.append("<redoc spec-url=\"/openapi.json\">\n").append(kPlain).append("</redoc>\n");
    append_script(out, "redoc.standalone.js");
    return out.append("</body>\n</html>\n");
}

// Nothing here asks for an authorization; the page is there because it was.
std::string oauth2_redirect_page() {
    std::string out = head("Swagger UI: OAuth2 Redirect");
    out.append("</head>\n<body>\n");
    append_script(out, "oauth2-redirect.js");
    return out.append("</body>\n</html>\n");
}

}  // namespace

std::string docs_page(DocsPage page) {
    switch (page) {
        case DocsPage::swagger_ui:
            return swagger_ui_page();
        case DocsPage::oauth2_redirect:
            return oauth2_redirect_page();
        default:
            return redoc_page();
    }
}

Action docs_page_action(DocsPage page) {
    return [text = docs_page(page)](const http::Request&, http::Response& response, Outcome&) {
        response.set(200, http::kHtml, text);
        response.add_header("Content-Security-Policy", kPolicy);
        response.add_header("X-Content-Type-Options", "nosniff");
    };
}

}  // namespace appcore::api
