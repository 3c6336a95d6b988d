// The /status page: the report for people. It is complete without its script and needs nothing from
// elsewhere.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace appcore::status {

class StatusPage {
  public:
    StatusPage();

    // `report` is what status_report() makes. page.html is one with it: a member that is not there
    // is shown as a dash.
    [[nodiscard]] std::string render(const nlohmann::ordered_json& report) const;

    // For the header Content-Security-Policy: the page's own style and script by their SHA-256,
    // requests to its own origin, and nothing else.
    [[nodiscard]] const std::string& policy() const { return policy_; }

  private:
    std::string style_;  // the elements with page.css and page.js in them
    std::string script_;
    std::string policy_;
};

}  // namespace appcore::status
