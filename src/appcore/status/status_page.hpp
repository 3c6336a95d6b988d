// The /status page: the report for people. It is complete without its script and needs nothing from
// elsewhere.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace appcore::status {

// `report` is what status_report() makes. The markup is one with it: a member that is not there is
// shown as a dash.
[[nodiscard]] std::string status_page(const nlohmann::ordered_json& report);

// For the header Content-Security-Policy: the page's own style and script by their SHA-256,
// requests to its own origin, and nothing else.
[[nodiscard]] std::string status_page_policy();

}  // namespace appcore::status
