#include "appcore/status/status_page.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "appcore/status/status_plot.hpp"
#include "appcore/status/status_report.hpp"
#include "appcore/status/status_template.hpp"
#include "appcore/system/embedded_file.hpp"
#include "appcore/system/sha256.hpp"

APPCORE_EMBEDDED_FILE(appcore_status_page_html, "src/appcore/status/page.html");
APPCORE_EMBEDDED_FILE(appcore_status_page_css, "src/appcore/status/page.css");
APPCORE_EMBEDDED_FILE(appcore_status_page_js, "src/appcore/status/page.js");

namespace appcore::status {
namespace {

using Json = nlohmann::ordered_json;

// In page.html, so that a browser shows the files as they are, too.
constexpr std::string_view kStyleLink = R"(<link rel="stylesheet" href="page.css">)";
constexpr std::string_view kScriptLink = R"(<script src="page.js"></script>)";

void replace(std::string& text, std::string_view old, const std::string& with) {
    if (const auto at = text.find(old); at != std::string::npos) text.replace(at, old.size(), with);
}

// As a Content-Security-Policy names an element's content.
std::string source_of(std::string_view content) {
    return "'sha256-" + system::to_base64(system::sha256(std::as_bytes(std::span(content)))) + "'";
}

// How much a number of the overview matters: by the bounds that make a problem of it.
Json levels_of(const Json& report) {
    const Json& pool = report.at("pool");
    const Json& errors = report.at("last_minutes").at("1").at("error_ratio");
    const double error_ratio = errors.is_number() ? errors.get<double>() : 0;
    constexpr double kManyErrors = 0.01;  // of the replies, as for the alert AppcoreErrors
    return {
        {"errors", error_ratio > kManyErrors ? "bad"
                   : error_ratio > 0         ? "warn"
                                             : "good"},
        {"waiting", pool.at("callers_wait") ? "warn" : "good"},
        {"workers", pool.at("workers_alive") < pool.at("workers_configured") ? "warn" : "good"}};
}

}  // namespace

StatusPage::StatusPage() {
    const std::string style(appcore_status_page_css_begin, appcore_status_page_css_end);
    const std::string script(appcore_status_page_js_begin, appcore_status_page_js_end);
    style_ = R"(<style id="page-style">)" + style + "</style>";
    script_ = R"(<script id="page-script">)" + script + "</script>";
    policy_ = "default-src 'none'; img-src data:; connect-src 'self'; style-src " +
              source_of(style) + "; script-src " + source_of(script) +
              "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

std::string StatusPage::render(const Json& report) const {
    Json data = report;
    data["plots"] = status_plots(report.at("history"));
    data["levels"] = levels_of(report);
    std::string page =
        fill_template({appcore_status_page_html_begin, appcore_status_page_html_end}, data);
    replace(page, kStyleLink, style_);
    replace(page, kScriptLink, script_);
    return page;
}

}  // namespace appcore::status
