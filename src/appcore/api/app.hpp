// The application: request id, CORS, routes and observation, in the old service's order.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "appcore/api/observer.hpp"
#include "appcore/api/route.hpp"
#include "appcore/http/request.hpp"
#include "appcore/http/response.hpp"
#include "appcore/system/ids.hpp"

namespace appcore::api {

class App {
  public:
    // The references outlive the application.
    App(std::vector<Route> routes, system::IdSource& ids, Observer& observer);

    // Fills the empty `response`. Throws std::bad_alloc and nothing else; where that happens, the
    // same request with the body_state `no_memory` makes a 503. Every status it sets is one of
    // http::kStatusCodes.
    void handle(const http::Request& request, http::Response& response);

  private:
    void respond(const http::Request& request, http::Endpoint endpoint, http::Response& response,
                 Outcome& outcome) const;
    void dispatch(const http::Request& request, http::Endpoint endpoint, http::Response& response,
                  Outcome& outcome) const;
    [[nodiscard]] const Route* find(http::Endpoint endpoint) const;

    std::vector<Route> routes_;
    system::IdSource& ids_;
    Observer& observer_;
    std::string path_;  // decoded; its memory serves all requests
};

}  // namespace appcore::api
